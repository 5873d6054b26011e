#!/bin/sh
# demo.sh: a station on this very machine; updates taken in and pictures taken out for real.
#
# From a clean clone, as root on Debian 12: installs what it needs by package name, builds, starts
# the four daemons under their own users on a private state folder, plays the people as users of
# their own and sticks as loop devices. Ends with a table of what crossed, what did not and why, and
# leaves nothing running or attached. The exit status is 0 only if every step did what it should.
# Without root or loop devices it says so and shows `verify` and `volume` instead.
set -u
WL_SRC=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
RESULTS=$WL_SRC/build/demo-results
cd "$WL_SRC" || exit 99
export LC_ALL=C.UTF-8

head1() { printf '\n\033[1m%s\033[0m\n' "$*"; }
tell() { printf '      %s\n' "$*"; }

build() {
	if [ -n "${WL_DEMO_BUILD:-}" ]; then
		WL_BUILD=$WL_DEMO_BUILD
		return
	fi
	sh packaging/install-packages.sh demo || exit 3
	WL_BUILD=$WL_SRC/build/demo
	mkdir -p "$WL_BUILD"
	[ -x configure ] || sh ./autogen.sh >"$WL_BUILD/autogen.log" 2>&1 ||
		{ tail "$WL_BUILD/autogen.log"; exit 99; }
	[ -f "$WL_BUILD/Makefile" ] || (cd "$WL_BUILD" && "$WL_SRC/configure" --quiet >configure.log 2>&1) ||
		{ tail "$WL_BUILD/configure.log"; exit 99; }
	tell "building in $WL_BUILD (its log: make.log)"
	make -C "$WL_BUILD" -j"$(nproc)" >"$WL_BUILD/make.log" 2>&1 ||
		{ tail -n 30 "$WL_BUILD/make.log"; exit 99; }
}

# ---- what crossed and what did not ----
TABLE=
row() { # row WHAT CAME-OF-IT WHY
	TABLE="$TABLE$(printf '%-34s %-13s %s' "$1" "$2" "$3")
"
}

# show_run: the last command's output, as its user saw it
show_run() { sed 's/^/      | /' "$WL_OUT"; }

# receive STICK DEVICE WHO: puts the stick in, opens a transfer, waits for what comes of it
receive() {
	wl_stick_insert "$1" a1
	wl_run wl_cli "$3" receive --no-wait --device "$2" --work-order WO-8841 \
		--engineer "An Engineer" --org Acme --escort tech-1 --port a1
	show_run
	TRANSFER=$(grep -o "$SCN_STATION-T[0-9]*" "$WL_OUT" | head -n 1)
	wl_stick_pull a1
}

# refused WHAT RULE: the last command must have refused by exactly this rule
refused() {
	if [ "$WL_STATUS" -ne 0 ] && wl_names_rule "$2"; then
		wl_pass "$1: refused, $2"
		row "$1" "refused" "$2"
	else
		wl_fail "$1: expected $2, got status $WL_STATUS"
		row "$1" "NOT REFUSED" "expected $2"
	fi
}

# blank STICK MIB: a fresh stick, prepared by the station
blank() {
	wl_stick_new "$1" "$2" b1
	wl_check "prepare a delivery stick" wl_cli $SCN_TECH prepare b1 --yes
	show_run
}

# outside STICK FOLDER FILE…: the destination, looked at with tools nobody here wrote
outside() {
	outside_img=$(wl_stick_file "$1") outside_dir=$2
	shift 2
	dd if="$outside_img" of="$WL_WORK/volume.img" bs=1M skip=1 status=none conv=sparse
	wl_check "fsck.fat finds nothing on the destination" fsck.fat -n "$WL_WORK/volume.img"
	mdir -b -/ -i "$outside_img@@1M" :: | tr -d '\r' | sed 's|^::/||' | sort >"$WL_WORK/listed"
	printf '%s\n' "$@" | sort >"$WL_WORK/wanted"
	wl_check "the destination holds exactly the ticket's files" \
		cmp "$WL_WORK/wanted" "$WL_WORK/listed"
	for outside_file in "$@"; do
		rm -f "$WL_WORK/out.bin"
		mcopy -n -i "$outside_img@@1M" "::$outside_file" "$WL_WORK/out.bin"
		wl_check "$outside_file is equal, byte for byte" \
			cmp "$outside_dir/$outside_file" "$WL_WORK/out.bin"
	done
}

signed_update() {
	head1 "1. A signed update of 64 MiB, on a stick with what Windows leaves on it"
	scn_update u421 4.2.1 40201 64
	scn_vendor_stick u421 "$WL_WORK/u421" 160
	receive u421 x-0042 $SCN_TECH
	[ "$WL_STATUS" -eq 4 ] && wl_pass "inspected: passed, waits for another person" ||
		wl_fail "receive ended with $WL_STATUS, not 4 (waiting for a person)"
	head1 "   Another person approves"
	wl_check "approve" wl_cli $SCN_APPR approve "$TRANSFER" --yes
	show_run
	blank delivery 128
	head1 "   Released onto the prepared stick"
	wl_check "release" wl_cli $SCN_TECH release "$TRANSFER" --port b1
	show_run
	wl_stick_pull b1
	outside delivery "$WL_WORK/u421" EXTRAS.TGZ FIRMWARE.BIN
	wl_check "openssl says the same of the vendor's signature" openssl cms -verify -binary \
		-inform DER -in "$WL_WORK/u421/MANIFEST.sha256.p7s" -content "$WL_WORK/u421/MANIFEST.sha256" \
		-CAfile "$PKI_DIR/vendor-issuing.pem" -partial_chain -purpose any -out /dev/null
	wl_check "outcome" wl_cli $SCN_TECH outcome "$TRANSFER" --result installed --before 40100 \
		--after 40201 --words "all lights green"
	cp "$(wl_stick_file delivery)" "$RESULTS/delivery.img"
	row "signed update 4.2.1" "released" "pass.update-covered; installed"
}

unsigned_update() {
	head1 "2. A vendor who signs nothing, vouched for by two officers of the authority"
	scn_package "$WL_WORK/old1" 2
	scn_ticket "$WL_WORK/old1" AA-OLD1 oldscan o1:O-0007 firmware 7:700 none authority-1 authority-2
	scn_ticket_beside AA-OLD1 "$WL_WORK/old1"
	scn_vendor_stick old1 "$WL_WORK/old1" 64
	receive old1 o-0007 $SCN_TECH
	grep -q transfer.unsigned-vendor "$WL_OUT" && wl_pass "held: transfer.unsigned-vendor is named" ||
		wl_fail "the hold is not named"
	wl_run wl_cli $SCN_APPR approve "$TRANSFER" --yes
	refused "approval that does not name the hold" approval.not-accepted
	wl_check "approve, accepting it by name" wl_cli $SCN_APPR approve "$TRANSFER" \
		--accept transfer.unsigned-vendor --yes
	blank delivery2 64
	wl_check "release" wl_cli $SCN_TECH release "$TRANSFER" --port b1
	show_run
	wl_stick_pull b1
	outside delivery2 "$WL_WORK/old1" EXTRAS.TGZ FIRMWARE.BIN
	wl_run wl_cli $SCN_TECH show "$TRANSFER"
	grep -qi unsigned "$WL_OUT" && wl_pass "every rendering says that nobody signed it" ||
		wl_fail "show does not say that the update is unsigned"
	row "unsigned update, two officers" "released" "held: transfer.unsigned-vendor, accepted by name"
}

refusals() {
	head1 "3. A tampered update"
	scn_update u422 4.2.2 40202 2
	printf 'X' | dd of="$WL_WORK/u422/FIRMWARE.BIN" bs=1 seek=1000 conv=notrunc status=none
	scn_vendor_stick u422 "$WL_WORK/u422" 64
	receive u422 x-0042 $SCN_TECH
	refused "tampered update 4.2.2" update.file-changed

	head1 "4. An older release"
	scn_update u419 4.1.9 40109 2
	scn_vendor_stick u419 "$WL_WORK/u419" 64
	receive u419 x-0042 $SCN_TECH
	refused "older update 4.1.9" update.version-floor

	head1 "5. An approver who is the opener, under a second account"
	scn_update u423 4.2.3 40203 2
	scn_vendor_stick u423 "$WL_WORK/u423" 64
	receive u423 x-0042 $SCN_SUP
	wl_run wl_cli $SCN_SUP_CARD approve "$TRANSFER" --yes
	show_run
	refused "the opener approving" approval.same-person
	wl_check "cancelled" wl_cli $SCN_SUP cancel "$TRANSFER" --reason "only a try"

	head1 "6. A stick with a loop in its file table"
	scn_vendor_stick loop "$WL_WORK/u423" 64
	python3 "$WL_SRC/tests/integration/fat_loop.py" "$(wl_stick_file loop)"
	receive loop x-0042 $SCN_TECH
	refused "stick with a loop in its FAT" volume.chain-loop
	wl_run wl_cli $SCN_TECH cancel "$TRANSFER" --reason "the stick is broken"
}

ledger() {
	head1 "8. The ledger, checked by the auditor's own program"
	wl_run wl_cli $SCN_AUDIT station card
	cp "$WL_OUT" "$RESULTS/station-card.txt"
	grep -o "[^ ]*+[0-9a-f]*+[A-Za-z0-9+/=]*" "$WL_OUT" | head -n 1 >"$RESULTS/vkey"
	rm -rf "$RESULTS/ledger"
	mkdir -p "$RESULTS/ledger"
	(cd "$WL_STATE/var/lib/weighlock-ledger" && cp -r checkpoint tile manifests station.pem "$RESULTS/ledger/")
	wl_check "weighlock-verify" "$WL_PREFIX/bin/weighlock-verify" --key "$RESULTS/vkey" "$RESULTS/ledger"
	show_run
	cp -r "$RESULTS/ledger" "$WL_WORK/tampered"
	find "$WL_WORK/tampered/tile/entries" -type f -size +3k | while read -r bundle; do
		printf '~' | dd of="$bundle" bs=1 seek=3000 conv=notrunc status=none
	done
	wl_expect_status 1 "the same ledger with one byte changed is refused" \
		"$WL_PREFIX/bin/weighlock-verify" --key "$RESULTS/vkey" "$WL_WORK/tampered"
}

station() {
	. "$WL_SRC/tests/integration/lib.sh"
	if why=$(wl_missing); then
		offline "$why"
		return
	fi
	. "$WL_SRC/tests/integration/pki.sh"
	. "$WL_SRC/tests/integration/scenario.sh"
	. "$WL_SRC/packaging/demo_pictures.sh"
	export CI="${CI:-}"
	wl_begin demo
	rm -rf "$RESULTS"
	mkdir -p "$RESULTS"
	head1 "A station: four daemons, two ports, people"
	scn_begin
	wl_station_start || exit 1
	scn_setup
	wl_run wl_cli $SCN_TECH status
	show_run
	signed_update
	unsigned_update
	refusals
	pictures
	ledger
	wl_station_stop
	finish
}

finish() {
	head1 "What crossed, what did not, and why"
	printf '%s' "$TABLE" | sed 's/^/  /'
	printf '\nThe results lie in %s:\n' "$RESULTS"
	printf '  ledger/           as the auditor takes it away, with its manifests\n'
	printf '  delivery.img      the stick that went to the scanner\n'
	printf '  pictures.img      the stick with the scrubbed pictures; bag/ is what lies on it\n'
	printf '  source.jpg        what the scanner wrote, with its GPS\n'
	printf '  station-card.txt  and vkey: what the auditor enrols the station by\n'
	if [ -z "${WL_DEMO_BUILD:-}" ]; then shown=build/demo; else shown=$WL_BUILD; fi
	printf '\nCommands to try next:\n'
	printf '  %s/weighlock-verify --key build/demo-results/vkey build/demo-results/ledger\n' "$shown"
	printf '  mdir -/ -i build/demo-results/delivery.img@@1M ::\n'
	printf '  exiftool build/demo-results/source.jpg build/demo-results/bag/data/scrubbed/\n'
	printf '  (cd build/demo-results/bag && sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt)\n'
	printf '  openssl cms -verify -binary -inform DER -content build/demo-results/bag/custody.json \\\n'
	printf '    -in build/demo-results/bag/custody.json.p7s -certfile build/demo-results/ledger/station.pem \\\n'
	printf '    -CAfile build/demo-results/ledger/station.pem -purpose any\n'
	printf '  %s/client/weighlock help update.version-floor\n' "$shown"
	printf '  %s/client/weighlock help image.truncated\n\n' "$shown"
	wl_end
}

# Without a station: the verbs that need none.
offline() {
	head1 "No station can be played here: $1"
	tell "What needs no station can be: tickets, policies, volumes, verify."
	WL_SRC=$WL_SRC WL_BUILD=$WL_BUILD sh "$WL_SRC/tests/integration/cli_offline.sh"
}

head1 "weighlock: building"
build
station
