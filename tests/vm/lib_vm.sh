# shellcheck shell=sh
# A station in a virtual machine: Debian's kernel, systemd as process 1, the packages of this tree, and
# sticks that are USB devices. Sourced after lib.sh, pki.sh and scenario.sh, whose words for people,
# ports and sticks it takes over: what they do to this machine is done to that one.
#
#   vm_begin NAME IMAGE-FOLDER     # boots a copy of the image
#   vm_run SCRIPT                  # in the machine, as root
#   wl_cli 3001 status             # a person of the machine
#   wl_stick_insert STICK PORT     # a1 b1 …: USB ports 1 2 …
#   vm_power_cut; vm_boot          # everything that was not durable is gone

VM_XHCI=05
vm_begin() {
	WL_NAME=$1 VM_IMAGE=$2
	WL_PREFIX=$(mktemp -d /tmp/wlvm.XXXXXX) || exit 99
	WL_WORK=$WL_PREFIX/work WL_STICKS=$WL_PREFIX/sticks WL_LOGS=$WL_PREFIX/logs WL_OUT=$WL_PREFIX/out
	mkdir -p "$WL_WORK" "$WL_STICKS" "$WL_LOGS" "$WL_PREFIX/bin"
	ln -s "$WL_BUILD/client/weighlock" "$WL_PREFIX/bin/weighlock" # only to write tickets
	trap vm_end_all EXIT INT TERM
	cp --sparse=always "$VM_IMAGE/disk.img" "$WL_PREFIX/disk.img"
	vm_boot
}
vm_boot() {
	qemu-system-x86_64 -M q35 -cpu max -smp 2 -m 1024 -display none -nodefaults -no-reboot \
		-kernel "$VM_IMAGE/vmlinuz" -initrd "$VM_IMAGE/initrd" \
		-append "root=/dev/vda rw console=ttyS0 quiet" \
		-drive "if=virtio,format=raw,cache=writeback,file=$WL_PREFIX/disk.img" \
		-serial "file:$WL_LOGS/console.log" \
		-device virtio-serial -chardev "socket,id=agent,path=$WL_PREFIX/agent,server=on,wait=off" \
		-device virtserialport,chardev=agent,name=weighlock.test \
		-device "qemu-xhci,id=xhci,addr=$VM_XHCI,p2=8,p3=8" \
		-qmp "unix:$WL_PREFIX/qmp,server=on,wait=off" >"$WL_LOGS/qemu.log" 2>&1 &
	VM_PID=$!
	python3 "$WL_SRC/tests/vm/vmctl.py" wait "$WL_PREFIX/agent" 400
}
vm_power_cut() { kill -KILL "$VM_PID"; wait "$VM_PID" 2>/dev/null; }
vm_end_all() {
	kill -KILL "$VM_PID" 2>/dev/null
	[ -n "${WL_KEEP:-}" ] || rm -rf "$WL_PREFIX"
}
vm_run() { printf '%s\n' "$1" | python3 "$WL_SRC/tests/vm/vmctl.py" run "$WL_PREFIX/agent" "${2:-120}"; }
vm_qmp() { python3 "$WL_SRC/tests/vm/vmctl.py" qmp "$WL_PREFIX/qmp" "$@"; }
# vm_put FILE PATH: a file into the machine
vm_put() { { printf 'mkdir -p "%s"; base64 -d >"%s" <<EOF\n' "$(dirname "$2")" "$2"; base64 "$1"; echo EOF; } >"$WL_PREFIX/put"; vm_run "$(cat "$WL_PREFIX/put")"; }
# vm_put_folder FOLDER PATH: what is in a folder, into one of the machine
vm_put_folder() {
	{ printf 'mkdir -p "%s"; base64 -d <<EOF | tar -C "%s" -xz\n' "$2" "$2"; tar -C "$1" -cz . | base64; echo EOF; } >"$WL_PREFIX/put"
	vm_run "$(cat "$WL_PREFIX/put")"
}

vm_quoted() { for vm_word; do printf " '%s'" "$(printf %s "$vm_word" | sed "s/'/'\\\\''/g")"; done; }
wl_cli() {
	vm_uid=$1
	shift
	vm_run "exec runuser -u p$vm_uid -- env LC_ALL=C.UTF-8 weighlock$(vm_quoted "$@")" 600
}
wl_port_number() { case $1 in a1) echo 1 ;; b1) echo 2 ;; a2) echo 3 ;; *) echo 4 ;; esac; }
wl_port_new() { :; }
wl_port_match() { echo "usb:pci-0000:00:$VM_XHCI.0-usb-0:$(wl_port_number "$1"):1.0"; }
# wl_stick_insert STICK PORT [SERIAL]: with VM_BYTES_PER_S, a stick so slow that something can happen meanwhile
wl_stick_insert() {
	vm_file="\"file\":{\"driver\":\"file\",\"filename\":\"$WL_STICKS/$1.img\"}"
	vm_node="{\"driver\":\"raw\",\"node-name\":\"n$2\",$vm_file}"
	if [ -n "${VM_BYTES_PER_S:-}" ]; then
		vm_qmp object-add "{\"qom-type\":\"throttle-group\",\"id\":\"t$2\",\"limits\":{\"bps-total\":$VM_BYTES_PER_S}}" >/dev/null
		vm_node="{\"driver\":\"throttle\",\"node-name\":\"n$2\",\"throttle-group\":\"t$2\",\"file\":{\"driver\":\"raw\",$vm_file}}"
	fi
	vm_qmp blockdev-add "$vm_node" >/dev/null &&
		vm_qmp device_add "{\"driver\":\"usb-storage\",\"id\":\"d$2\",\"bus\":\"xhci.0\",\"port\":\"$(wl_port_number "$2")\",\"drive\":\"n$2\",\"serial\":\"${3:-SN-$1}\",\"removable\":true}" >/dev/null
}
wl_stick_yank() {
	vm_qmp device_del "{\"id\":\"d$1\"}" >/dev/null
	wl_until 20 vm_qmp blockdev-del "{\"node-name\":\"n$1\"}" 2>/dev/null
	vm_qmp object-del "{\"id\":\"t$1\"}" >/dev/null 2>&1 || : # only a slow one has it
}
wl_stick_pull() { wl_stick_yank "$1"; }
