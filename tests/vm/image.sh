#!/bin/sh
# image.sh FOLDER PACKAGE…: a Debian 12 root with systemd and the packages given, as a disk image with
# its kernel beside it, for lib_vm.sh. root and mmdebstrap make it (a few minutes); nothing is copied into it
# by hand but the agent that carries out what a test asks, and the accounts of the people who play.
set -eu
out=$1
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
shift
mkdir -p "$out"
if [ ! -e "$out/base/etc/debian_version" ]; then
	rm -rf "$out/base"
	mmdebstrap --mode=root --variant=minbase --aptopt='Apt::Install-Recommends "false"' \
		--include=systemd,systemd-sysv,dbus,udev,kmod,linux-image-amd64,initramfs-tools,passwd,util-linux,procps,dosfstools \
		--customize-hook='sed -i "s/^MODULES=.*/MODULES=list/" "$1/etc/initramfs-tools/initramfs.conf"' \
		--customize-hook='printf "virtio_pci\nvirtio_blk\next4\ncrc32c_generic\n" >"$1/etc/initramfs-tools/modules"' \
		--customize-hook='chroot "$1" update-initramfs -u -k all' \
		bookworm "$out/base" >"$out/base.log" 2>&1
fi
rm -rf "$out/root"
cp -a "$out/base" "$out/root"
mkdir -p "$out/root/packages"
cp "$@" "$out/root/packages/"
# as an administrator would: apt, with the package as a file, before any port is weighlock's
cp /etc/resolv.conf "$out/root/etc/resolv.conf"
chroot "$out/root" sh -c "apt-get update -q && apt-get install -y --no-install-recommends /packages/*.deb" >"$out/install.log" 2>&1
install -m 0755 "$here/agent.sh" "$out/root/usr/local/sbin/weighlock-test-agent"
cat >"$out/root/etc/systemd/system/weighlock-test-agent.service" <<-UNIT
	[Unit]
	Description=carries out what a test asks for
	After=multi-user.target
	[Service]
	ExecStart=/usr/local/sbin/weighlock-test-agent
	[Install]
	WantedBy=multi-user.target
UNIT
chroot "$out/root" sh -eu <<-'ROOT'
	systemctl enable -q weighlock-test-agent.service
	echo /dev/vda / ext4 defaults 0 1 >/etc/fstab
	for uid in 3001 3002 3003 3004 3005; do
		useradd -u "$uid" -M -s /bin/sh -G weighlock-users "p$uid"
	done
	usermod -a -G weighlock-setup p3003
	usermod -a -G weighlock-setup p3004
	usermod -a -G weighlock-audit p3005
ROOT
cp "$out"/root/boot/vmlinuz-* "$out/vmlinuz"
cp "$out"/root/boot/initrd.img-* "$out/initrd"
rm -f "$out/disk.img"
truncate -s 3G "$out/disk.img"
mke2fs -q -t ext4 -d "$out/root" "$out/disk.img"
rm -rf "$out/root"
