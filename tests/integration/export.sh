#!/bin/sh
# Pictures out through the real station by the real command: one reading, two outputs, what was refused
# held and accepted by name, two media, the receipt. What leaves is judged by tools nobody here wrote.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"
. "$WL_SRC/tests/integration/export_lib.sh"

exp_begin export

# ---- one reading, two outputs ----
exp_scanner scanner "$WL_WORK/pictures/20261116" "$WL_WORK/pictures/20261117"
wl_stick_insert scanner a1
exp_open --scans 118820..118825 --as evidence --as scrubbed
[ "$WL_STATUS" -eq 4 ] && bad_says_next && wl_pass "held for an approver" || wl_fail "held for an approver (status $WL_STATUS)"
grep -q 'PRESERVED in the vault' "$WL_OUT" && wl_pass "preserved is said at once" || wl_fail "preserved was not said"
wl_stick_pull a1
exp_json "waits" 't["state"]' waiting
exp_json "held" 't["verdict"]' hold
exp_json "by its name" 't["holds"]' "['transfer.incomplete']"
exp_json "evidence holds all seven" 'o["evidence"]["files"]' 7
exp_json "of scrubbed seven pictures are left: three pages of one file among them" 'o["scrubbed"]["files"]' 7
exp_json "two files are refused" 'o["scrubbed"]["refused"]' 2
exp_json "what was not asked for stays" '[i["path"] for i in items if i["rule"] == "leave.not-asked-for"]' \
	"['20261116/118830_A.png', '20261117/report.csv']"
exp_json "and was not even read" 'any("source_sha256" in i for i in items if i["rule"] == "leave.not-asked-for")' False
exp_json "the cut-off one is refused by its rule" '[i["rule"].split(".")[0] for i in items if i.get("scan") == "118823" and i["verdict"] == "refuse"]' "['image']"
exp_json "the unknown one too" '[i["rule"] for i in items if i.get("scan") == "118824" and i["verdict"] == "refuse"]' "['image.format']"
exp_json "the oldest picture is noted" 't["oldest_seen"][:8]' 2026-11-
bad_event "preserved before anything was decided" transfer.preserved '"files":7'
exp_order "preserved before the pictures are judged" transfer.preserved item.decided
exp_vault_holds 7
wl_run wl_cli $SCN_INVEST status --device X-0042
grep -q 'overwritten after about 30 days' "$WL_OUT" && wl_pass "status says when the scanner overwrites" || wl_fail "status says nothing of overwriting"
exp_locales=$(find "$WL_PREFIX" -path '*/fr/LC_MESSAGES/weighlock.mo' | head -n 1)
wl_run wl_as $SCN_INVEST env WEIGHLOCK_LOCALES="${exp_locales%/fr/LC_MESSAGES/*}" \
	weighlock --state "$WL_STATE" show "$TRANSFER" --lang fr
grep -q 'scellés bit pour bit' "$WL_OUT" && wl_pass "in French, too" || wl_fail "no French"

# ---- wrong people, and the right one ----
wl_expect_status 1 "an investigator does not approve" wl_cli $SCN_INVEST approve "$TRANSFER" --incomplete
wl_run wl_cli $SCN_APPR approve "$TRANSFER"
bad_spoken "an approval that does not name what is missing" approval.not-accepted
wl_run wl_cli $SCN_APPR show "$TRANSFER" --pictures
sed -n 's/.*PASS  -> //p' "$WL_OUT" | sort >"$WL_WORK/made"
[ "$(wc -l <"$WL_WORK/made")" -ge 3 ] && [ "$(sort -u "$WL_WORK/made" | wc -l)" -eq "$(wc -l <"$WL_WORK/made")" ] &&
	wl_pass "each picture says what is made of it" || wl_fail "show --pictures does not say what is made of each"
grep -q 'Approve: approval.not-accepted' "$WL_OUT" && ! bad_unfilled && wl_pass "show says what was tried, with no hole in it" ||
	wl_fail "show: what was tried"
wl_run wl_cli $SCN_APPR approve "$TRANSFER" --incomplete
[ "$WL_STATUS" -eq 0 ] && grep -q '7 sealed originals' "$WL_OUT" && grep -q 'Missing: .*118823.*118824' "$WL_OUT" &&
	wl_pass "approve says what is agreed to, and what is missing" || wl_fail "approve --incomplete (status $WL_STATUS)"

# ---- out, each output on a medium of its own ----
exp_prepared first
wl_run wl_cli $SCN_INVEST2 release "$TRANSFER" --port b1 --no-wait
bad_spoken "released by another investigator" person.not-opener
exp_release
exp_json "the first output is written, the second is still to come" 't["state"]' approved
wl_stick_pull b1
wl_kill weighlockd TERM
wl_start weighlockd
exp_json "a restart between the two changes nothing" 't["state"]' approved
exp_prepared second
wl_run wl_cli $SCN_INVEST show "$TRANSFER"
grep -q '^Next: One output is written, another still waits' "$WL_OUT" && wl_pass "one is out: what is next says that another waits" ||
	wl_fail "one is out: $(grep '^Next' "$WL_OUT")"
exp_release
exp_json "released when both are" 't["state"]' released
wl_stick_pull b1
for exp_stick in first second; do
	dd if="$(wl_stick_file $exp_stick)" of="$WL_WORK/partition" bs=1M skip=1 2>/dev/null
	wl_check "fsck.fat of the $exp_stick medium" fsck.fat -n "$WL_WORK/partition"
	exp_unpack $exp_stick
done
EXP_S=$WL_WORK/out-scrubbed EXP_E=$WL_WORK/out-evidence
for exp_bag in "$EXP_S" "$EXP_E"; do
	wl_check "sha256sum -c in ${exp_bag##*-}" sh -c "cd '$exp_bag' && sha256sum --quiet -c manifest-sha256.txt tagmanifest-sha256.txt"
	wl_check "sha512sum -c in ${exp_bag##*-}" sh -c "cd '$exp_bag' && sha512sum --quiet -c manifest-sha512.txt"
	wl_check "openssl verifies the custody record of ${exp_bag##*-}" openssl cms -verify -binary -inform DER \
		-content "$exp_bag/custody.json" -in "$exp_bag/custody.json.p7s" \
		-certfile "$EXP_STATION" -CAfile "$EXP_STATION" -purpose any -out /dev/null
	wl_check "names and versions of what decoded and encoded ${exp_bag##*-}" exp_tools "$exp_bag"
	wl_check "the bag has its receipt" test -s "$exp_bag/receipt.txt"
done
exp_same_files "evidence is equal bit for bit" "$EXP_E/data/evidence" "$WL_WORK/pictures"/2026111?/11882?_*
exp_clean "$EXP_S"
exp_count "seven clean pictures" 7 "$EXP_S/data/scrubbed"
for exp_png in "$EXP_S"/data/scrubbed/*.png; do
	pngcheck -q "$exp_png" >>"$WL_PREFIX/pngcheck" 2>&1 || wl_fail "pngcheck of $exp_png"
done
wl_pass "pngcheck takes every picture"
wl_check "exiftool finds nothing in them" exp_exiftool "$EXP_S/data/scrubbed"

# ---- the receipt, and the end ----
wl_run wl_cli $SCN_INVEST acknowledge "$TRANSFER" --digest "$(echo x | sha256sum | cut -c1-64)" --by "Crown counsel"
bad_spoken "a receipt of something else" export.receipt-differs
wl_check "the vault still holds it" test -d "$WL_STATE/var/lib/weighlock/vault/$TRANSFER"
exp_acknowledge "$EXP_S"
wl_run wl_cli $SCN_INVEST acknowledge "$TRANSFER" --digest "$(sha256sum "$EXP_S/tagmanifest-sha256.txt" | cut -c1-64)" --by "Crown counsel"
bad_spoken "the same receipt again" export.receipt-known
exp_json "one of two is acknowledged" 't["state"]' released
exp_acknowledge "$EXP_E"
exp_json "both are" 't["state"]' acknowledged
wl_run wl_cli $SCN_INVEST show "$TRANSFER"
[ "$WL_STATUS" -eq 0 ] && ! grep -q 'weighlock approve' "$WL_OUT" && wl_pass "what is done asks for no approval any more" ||
	wl_fail "what is done asks for an approval (status $WL_STATUS)"
bad_event "the copies are deleted after their end" vault.deleted
wl_check "and gone" test ! -e "$WL_STATE/var/lib/weighlock/vault/$TRANSFER"
wl_expect_status 2 "an end is an end" wl_cli $SCN_INVEST cancel "$TRANSFER" --reason x

# ---- equal pictures from other files give the very same payload ----
exp_scanner other "$WL_WORK/other/20261116"
wl_stick_insert other a1
exp_open --scans 118820,118825 --as scrubbed
wl_stick_pull a1
exp_json "a pass needs no acceptance" 't["verdict"]' pass
exp_payload_equals "$EXP_S/data/scrubbed"

bad_end
