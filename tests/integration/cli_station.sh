#!/bin/sh
# The verbs of `weighlock` that speak to a station, against a real one: set-up by two people, a good
# update from the vendor's stick to the device's, what is said and in which form, exit statuses, and
# what a person at a terminal is asked.
set -u
. "${WL_SRC:-$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"

# cs_json EXPRESSION: true of the object (or list of objects) on standard output of the last cs
cs_json() {
	if "$WL_PYTHON" -c '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[2])]
o = rows[0] if len(rows) == 1 else rows
assert eval(sys.argv[1]), o' "$1" "$WL_WORK/json" >"$WL_WORK/why" 2>&1; then
		wl_pass "json: $1"
	else
		tail -n 1 "$WL_WORK/why" >>"$WL_OUT"
		wl_fail "json: $1"
	fi
}
# cs STATUS WHAT UID ARGUMENT…: ends with that status; standard output also in $WL_WORK/json
cs() {
	cs_want=$1 cs_what=$2 cs_uid=$3
	shift 3
	WL_STATUS=0
	wl_cli "$cs_uid" "$@" >"$WL_WORK/json" 2>"$WL_OUT" </dev/null || WL_STATUS=$?
	cat "$WL_WORK/json" >>"$WL_OUT"
	if [ "$WL_STATUS" -eq "$cs_want" ]; then wl_pass "$cs_what"; else
		wl_fail "$cs_what (status $WL_STATUS, wanted $cs_want: $*)"
	fi
}
cs_says() { if grep -qF -- "$1" "$WL_OUT"; then wl_pass "says: $1"; else wl_fail "does not say: $1"; fi; }

wl_begin cli_station
scn_begin
wl_station_start || wl_end

cat >"$WL_WORK/person.py" <<'PY'
# Plays a person: types each answer when its question stands on the screen, below the last answer. An
# answer may be a function of what stands there.
import os, pty, select, signal, sys, time
def number(words):  # of the choice that says this
    return lambda s: [line.split(")")[0].strip() for line in s.splitlines() if words in line][-1]
dialogue, argv = eval(sys.argv[1]), sys.argv[2:]
signal.alarm(60)
pid, fd = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
screen, read, deadline = "", 0, time.time() + 25
while time.time() < deadline:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        screen += data.decode("utf-8", "replace")
    if dialogue and dialogue[0][0] in screen[read:]:
        answer = dialogue[0][1](screen[read:]) if callable(dialogue[0][1]) else dialogue[0][1]
        os.write(fd, (answer + "\n").encode() if answer != "^C" else b"\x03")
        read = len(screen)
        dialogue.pop(0)
if dialogue:
    os.kill(pid, signal.SIGKILL)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(screen)
if dialogue:
    print("NOT ASKED:", dialogue[0][0])
    sys.exit(90)
sys.exit(status)
PY

# ---- before there is anything ----
wl_expect_status 0 "weighlock alone offers the set-up to who is to do it" \
	wl_as $SCN_ADMIN1 "$WL_PYTHON" "$WL_WORK/person.py" '[("Make the keys of this station", "99"), ("a number from 1 to", lambda s: s.split("a number from 1 to ")[1].split(".")[0])]' \
	weighlock --state "$WL_STATE"
cs 0 "status before set-up" $SCN_ADMIN1 status --json
cs_json 'o["state"] == "uninitialised" and o["setup"] is True'
cs 0 "status says the next command" $SCN_ADMIN1 status
cs_says "weighlock station init"
cs 1 "nobody opens a transfer yet" $SCN_TECH receive --device x-0042 --work-order WO-1 --engineer E --org O --escort tech-1
cs 2 "station init without a terminal lists what is missing" $SCN_ADMIN1 station init --name $SCN_STATION
cs_says "--policy-root PEM"

# ---- set-up by two people ----
cs 0 "station init" $SCN_ADMIN1 station init --name $SCN_STATION --origin $SCN_ORIGIN \
	--policy-root "$PKI_DIR/policy-authority.pem" --json
cs_json 'len(o["fingerprint"].replace("-", " ").split()) == 8'
SCN_FINGERPRINT=$(sed -n 's/.*"fingerprint":"\([^"]*\)".*/\1/p' "$WL_WORK/json")
cs 1 "the first person does not confirm alone" $SCN_ADMIN1 station confirm "$SCN_FINGERPRINT"
# shellcheck disable=SC2046
cs 0 "another confirms, the groups as separate words" $SCN_ADMIN2 station confirm \
	$(printf %s "$SCN_FINGERPRINT" | tr - ' ')
cs_says "weighlock station card"
cs 0 "station card" $SCN_ADMIN1 station card --json
cs_json 'o["origin"] == "test.example/tst1" and o["vkey"].startswith("test.example/tst1+") and o["checkpoint"].startswith("test.example/tst1\n1\n")'
VKEY=$("$WL_PYTHON" -c 'import json,sys; print(json.load(open(sys.argv[1]))["vkey"])' "$WL_WORK/json")
cs 0 "station card to print" $SCN_ADMIN1 station card
cs_says "$VKEY"
cs_says "Signature"
scn_policy "$WL_WORK/policy-1" 1
cs 1 "a name without / is a port, and before the first policy there is none" $SCN_ADMIN1 policy install --from policy-1
cs_says "station.no-policy"
cs 0 "policy install" $SCN_ADMIN1 policy install --from "$WL_WORK/policy-1"
cs_says "weighlock policy confirm 1"
cs 1 "one administrator does not confirm what she proposed" $SCN_ADMIN1 policy confirm 1
cs 0 "another does" $SCN_ADMIN2 policy confirm 1 --json
cs_json '"#" in o["entry"]'
cs 0 "policy show" $SCN_TECH policy show --json
cs_json 'o["version"] == 1 and o["state"] == "loaded" and len(o["devices"]) == 2'
cs 2 "a policy nobody proposed" $SCN_ADMIN2 policy confirm 9

# ---- who may do what ----
cs 0 "status" $SCN_TECH status --json
cs_json 'o["state"] == "ready" and o["person"] == "tech-1" and o["roles"] == ["technician"] and len(o["media"]) == 2'
cs 1 "an approver does not receive" $SCN_APPR receive --device x-0042 --work-order WO-1 --engineer E --org O --escort tech-1
cs_says "(rule person.role-missing; weighlock help person.role-missing)"
cs 1 "a stranger sees nothing" $SCN_STRANGER transfers
cs_says "person.unknown"
cs 0 "no transfers yet" $SCN_TECH transfers
cs_says "No transfers."
cs 2 "a transfer that is none" $SCN_TECH show nonsense
cs 2 "a number that is none" $SCN_TECH show 99
cs 2 "ports are learnt at a terminal" $SCN_ADMIN1 ports learn
cs_says "at a terminal"
cs 0 "the ports of the policy" $SCN_ADMIN1 ports show --json
cs_json '[(p["port"], p["use"], p["match"].split(":")[0]) for p in o] == [("a1", "source", "loop"), ("b1", "destination", "loop")]'
cs 0 "media list" $SCN_TECH media list --json
cs_json '[m["use"] for m in o] == ["source", "destination"]'

# ---- a good update ----
wl_stick_new out 64 b1
cs 0 "prepare" $SCN_TECH prepare b1 --for x-0042 --json
cs_json 'o[-1]["step"] == "prepared" if isinstance(o, list) else o["step"] == "prepared"'
scn_update good 4.2.1 40201
scn_vendor_stick vendor "$WL_WORK/good"
cs 4 "receive without a stick, not waiting" $SCN_TECH receive --device X-0042 --work-order WO-8841 \
	--engineer "E. Engineer" --org Acme --escort tech-1 --no-wait
cs_says "TST1-T000001"
wl_stick_insert vendor a1
cs 4 "watch until a person is wanted" $SCN_TECH watch 1 --no-wait
cs_says "weighlock approve"
cs 0 "show" $SCN_APPR show 1 --json
cs_json 'o["transfer"]["state"] == "waiting" and o["transfer"]["verdict"] == "pass" and o["transfer"]["version"] == "4.2.1"'
cs_json 'sorted(i["path"] for i in o["items"] if i["verdict"] == "pass") == ["EXTRAS.TGZ", "FIRMWARE.BIN"]'
cs_json '{i["rule"] for i in o["items"] if i["verdict"] == "leave"} == {"leave.os-litter", "leave.not-delivered"}'
cs 0 "show in words" $SCN_TECH show last
cs_says "FIRMWARE.BIN"
cs_says "Next:"
cs 0 "show, only the refused" $SCN_TECH show 1 --refused --json
cs_json 'o["items"] == []'
cs 0 "what waits for an approver" $SCN_APPR transfers --for-me --json
cs_json 'o["transfer"] == "TST1-T000001"'
cs 0 "nothing waits for the technician" $SCN_TECH transfers --for-me
cs_says "Nothing waits for you."
cs 1 "not approved: not released" $SCN_TECH release 1 --port b1
cs_says "approval.missing"
cs 2 "no outcome before there is one" $SCN_TECH outcome 1 --result installed --before 40100 --after 40201
cs_says "weighlock show TST1-T000001"
cs 2 "--accept takes only what can be accepted" $SCN_APPR approve 1 --accept update.file-changed
cs 2 "--for takes a duration" $SCN_APPR approve 1 --for soon
cs 1 "a technician does not approve" $SCN_TECH approve 1
cs 0 "approve" $SCN_APPR approve 1 --for 2h --json
cs_json 'o["state"] == "approved" and o["transfer"] == "TST1-T000001" and "release" in o["next_command"]'
cs 0 "withdraw" $SCN_APPR withdraw 1
cs 0 "and approve again" $SCN_APPR2 approve 1
cs_says "weighlock release"
cs 0 "release" $SCN_TECH release 1 --json
cs_json 'o[-1]["state"] == "released" and any(p.get("step") == "reading-back" for p in o)'
wl_stick_pull b1
wl_check "mtools finds what was to be delivered and no more" sh -c '
	mkdir "$WL_WORK/got" && MTOOLS_SKIP_CHECK=1 mcopy -s -Q -i "$1@@1M" "::*" "$WL_WORK/got" &&
	cmp "$WL_WORK/got/FIRMWARE.BIN" "$WL_WORK/good/FIRMWARE.BIN" && test "$(ls "$WL_WORK/got" | wc -l)" = 2' \
	sh "$(wl_stick_file out)"
cs 2 "outcome without a terminal lists what is missing" $SCN_TECH outcome 1
cs_says "--before V"
cs 0 "outcome" $SCN_TECH outcome 1 --result installed --before 40100 --after 40201
cs 0 "closed" $SCN_TECH show 1 --json
cs_json 'o["transfer"]["state"] == "closed" and o["transfer"]["outcome"] == "installed"'

# ---- the ledger ----
cs 1 "a technician does not read the ledger" $SCN_TECH ledger show
cs 0 "ledger show" $SCN_AUDIT ledger show --json
cs_json '[e["seq"] for e in o] == list(range(len(o))) and o[0]["event"] == "station.init"'
cs_json '"release.intent" in [e["event"] for e in o]'
cs 0 "a part of it, in words" $SCN_AUDIT ledger show --from 0 --count 1
cs_says "TST1#0"
mkdir -m 0777 "$WL_WORK/auditor"
cs 0 "ledger prove" $SCN_AUDIT ledger prove 1 -o "$WL_WORK/auditor/receipt.txt"
wl_check "the receipt is there" grep -q "c2sp.org/tlog-proof@v1" "$WL_WORK/auditor/receipt.txt"
cs 0 "ledger prove, to standard output" $SCN_AUDIT ledger prove 1
cs_says "c2sp.org/tlog-proof@v1"
cs 0 "ledger verify, by the other program" $SCN_AUDIT ledger verify "$WL_STATE/var/lib/weighlock-ledger" --key "$VKEY"
cp "$WL_STATE/var/lib/weighlock-ledger/checkpoint" "$WL_WORK/since" && chmod 0644 "$WL_WORK/since"
cs 0 "ledger verify --since, a checkpoint of its own" $SCN_AUDIT ledger verify "$WL_STATE/var/lib/weighlock-ledger" \
	--key "$VKEY" --since "$WL_WORK/since"
sed '2s/.*/3/' "$WL_WORK/since" >"$WL_WORK/since-other" && chmod 0644 "$WL_WORK/since-other"
cs 2 "and one that nobody signed" $SCN_AUDIT ledger verify "$WL_STATE/var/lib/weighlock-ledger" \
	--key "$VKEY" --since "$WL_WORK/since-other"
cs 1 "ledger verify --cosigner, where nobody countersigned" $SCN_AUDIT ledger verify "$WL_STATE/var/lib/weighlock-ledger" \
	--key "$VKEY" --cosigner 'audit.example+a4c144c3+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f'
cs 0 "ledger verify --json" $SCN_AUDIT ledger verify "$WL_STATE/var/lib/weighlock-ledger" --key "$VKEY" --json
cs_json 'o["origin"] == "test.example/tst1"'

# ---- tickets by another way ----
wl_stick_pull a1
scn_update next 4.2.2 40202
mkdir "$WL_WORK/tickets"
mv "$WL_WORK/next"/AA-NEXT.ticket.* "$WL_WORK/tickets/"
wl_fat_make "$(wl_stick_file tickets)" 64 TICKETS && wl_fat_put "$(wl_stick_file tickets)" "$WL_WORK/tickets"
wl_stick_insert tickets a1
cs 0 "ticket add" $SCN_TECH ticket add --from A1
cs_says "AA-NEXT"
cs 0 "ticket list" $SCN_TECH ticket list --json
cs_json '"AA-NEXT" in [t["ticket"] for t in (o if isinstance(o, list) else [o])]'
wl_stick_pull a1

# ---- and taken back: written, read, signed and checked on the authority's machine, then brought here ----
mkdir "$WL_WORK/taken-back" && chmod 0777 "$WL_WORK/taken-back"
TB="$WL_WORK/taken-back/w-later.ticket.json"
cs 0 "ticket withdraw" 0 ticket withdraw AA-LATER --reason defect-found -o "$TB"
cs_says "AA-LATER"
cs_says "weighlock ticket sign $TB"
cp "$TB" "$WL_WORK/taken-back.was"
wl_expect_status 3 "never over another file" wl_cli 0 ticket withdraw AA-OTHER --reason defect-found -o "$TB"
wl_check "which stays as it was" cmp "$TB" "$WL_WORK/taken-back.was"
wl_expect_status 2 "only under a name that stations look for" wl_cli 0 ticket withdraw AA-LATER --reason defect-found -o "$TB.x"
wl_expect_status 2 "a reason is a word" wl_cli 0 ticket withdraw AA-LATER --reason "It is bad" -o "$WL_WORK/taken-back/x.ticket.json"
cs 0 "ticket show of a withdrawal" 0 ticket show "$TB"
cs_says "defect-found"
wl_expect_rule signature.missing wl_cli $SCN_TECH ticket check "$TB" --cert "$PKI_DIR/authority-1.pem"
wl_fat_make "$(wl_stick_file unsigned)" 64 UNSIGNED && wl_fat_put "$(wl_stick_file unsigned)" "$WL_WORK/taken-back"
wl_stick_insert unsigned a1
wl_expect_rule signature.missing wl_cli $SCN_TECH ticket add --from A1
wl_stick_pull a1
cs 0 "ticket sign" 0 ticket sign "$TB" --cert "$PKI_DIR/authority-1.pem" --key "$PKI_DIR/authority-1.key"
cs 0 "ticket check of a withdrawal" $SCN_TECH ticket check "$TB" --cert "$PKI_DIR/authority-1.pem" --json
cs_json 'o["verdict"] == "pass" and o["kind"] == "withdrawal" and o["ticket"] == "AA-LATER"'
wl_check "openssl verifies it" openssl cms -verify -binary -inform DER -in "${TB%.json}.1.p7s" -content "$TB" \
	-CAfile "$PKI_DIR/authority-1.pem" -purpose any -partial_chain -out /dev/null
wl_fat_make "$(wl_stick_file taken)" 64 TAKEN && wl_fat_put "$(wl_stick_file taken)" "$WL_WORK/taken-back"
wl_stick_insert taken a1
cs 0 "ticket add takes it" $SCN_TECH ticket add --from A1
cs_says "WITHDRAWN  AA-LATER"
cs 0 "a second time too" $SCN_TECH ticket add --from A1
wl_stick_pull a1
cs 0 "it stands in the ledger once, with its signer and reason" $SCN_AUDIT ledger query --event ticket.withdrawn --json
cs_json '[(e["data"]["ticket"], e["data"]["reason"], len(e["data"]["signers"])) for e in (o if isinstance(o, list) else [o])] == [("AA-LATER", "defect-found", 1)]'
wl_check "the proof is kept" cmp "$WL_STATE/var/lib/weighlock/tickets/AA-LATER/AA-LATER.withdrawal.json" "$TB"
# the ticket itself comes only now
scn_update later 4.2.3 40203
mkdir "$WL_WORK/late" && mv "$WL_WORK/later"/AA-LATER.ticket.* "$WL_WORK/late/"
wl_fat_make "$(wl_stick_file late)" 64 LATE && wl_fat_put "$(wl_stick_file late)" "$WL_WORK/late"
wl_stick_insert late a1
wl_expect_rule ticket.withdrawn wl_cli $SCN_TECH ticket add --from A1
wl_stick_pull a1

# ---- a person at a terminal ----
scn_vendor_stick vendor2 "$WL_WORK/next"
wl_stick_insert vendor2 a1
wl_expect_status 4 "receive asks for what is missing; Ctrl-C stops waiting and the transfer stays" \
	wl_as $SCN_TECH "$WL_PYTHON" "$WL_WORK/person.py" \
	'[("Which device", "1"), ("work order", "WO-8842"), ("Name of the vendor", "E. Engineer"), ("organisation", "Acme"), ("escorts", "tech-1"), ("PASS", "^C")]' \
	weighlock --state "$WL_STATE" receive
cs_says "stays open"
wl_expect_status 4 "at a terminal an approver who says no approves nothing" \
	wl_as $SCN_APPR "$WL_PYTHON" "$WL_WORK/person.py" '[("Do you approve", "n")]' \
	weighlock --state "$WL_STATE" approve last
cs_says "Nothing was changed"
wl_expect_status 0 "and one who says yes does" \
	wl_as $SCN_APPR "$WL_PYTHON" "$WL_WORK/person.py" '[("Do you approve", "y")]' \
	weighlock --state "$WL_STATE" approve last
wl_expect_status 0 "weighlock alone asks what one wants, shows it, and asks again" \
	wl_as $SCN_AUDIT "$WL_PYTHON" "$WL_WORK/person.py" \
	'[("Nothing more", number("One transfer:")), ("N: the transfer?", "1"), ("Nothing more", number("Nothing more"))]' \
	weighlock --state "$WL_STATE"
cs_says "What do you want to do?"
cs_says "TST1-T000001: "
# a person who stops following the station goes on with something else, and may follow it again
wl_expect_status 0 "Ctrl-C ends what is followed, not the next thing" \
	wl_as $SCN_AUDIT "$WL_PYTHON" "$WL_WORK/person.py" \
	'[("Nothing more", number("Follow the station")), ("APPROVED", "^C"), ("Nothing more", number("Follow the station")), ("APPROVED", "^C"), ("Nothing more", number("Nothing more"))]' \
	weighlock --state "$WL_STATE"
wl_stick_new out2 64 b1
wl_expect_status 4 "prepare asks before it wipes; --yes does not answer" \
	wl_as $SCN_TECH "$WL_PYTHON" "$WL_WORK/person.py" '[("Wipe it", "n")]' \
	weighlock --state "$WL_STATE" prepare b1 --for x-0042 --yes
# ---- a ticket that is taken back after the approval stops the release ----
wl_stick_pull a1
wl_stick_pull b1
wl_stick_new out3 64 b1
cs 0 "a medium for it" $SCN_TECH prepare b1 --for x-0042
mkdir "$WL_WORK/taken-late" && chmod 0777 "$WL_WORK/taken-late"
cs 0 "its ticket is taken back, by its file" 0 ticket withdraw "$WL_WORK/tickets/AA-NEXT.ticket.json" \
	--reason defect-found -o "$WL_WORK/taken-late/w.ticket.json"
pki_sign authority-1 "$WL_WORK/taken-late/w.ticket.json" "$WL_WORK/taken-late/w.ticket.1.p7s"
wl_fat_make "$(wl_stick_file late2)" 64 LATE2 && wl_fat_put "$(wl_stick_file late2)" "$WL_WORK/taken-late"
wl_stick_insert late2 a1
cs 0 "and the station is told" $SCN_TECH ticket add --from A1
cs_says "WITHDRAWN  AA-NEXT"
cs 0 "the list says so" $SCN_TECH ticket list --json
cs_json '{t["ticket"]: t["state"] for t in (o if isinstance(o, list) else [o])}["AA-NEXT"] == "withdrawn"'
wl_expect_rule ticket.withdrawn wl_cli $SCN_TECH release last --port b1
cs 0 "nothing was written" $SCN_AUDIT ledger query --event release.intent --json
cs_json '(o if isinstance(o, list) else [o])[-1]["transfer"] == "TST1-T000001"'
cs 0 "cancel" $SCN_TECH cancel last --reason "tried out"
cs 0 "cancelled" $SCN_TECH show last --json
cs_json 'o["transfer"]["state"] == "cancelled"'

# ---- refused by rule: the item, the rule, the exit status ----
wl_stick_pull a1
scn_update bad 4.2.3 40203
echo tampered >>"$WL_WORK/bad/FIRMWARE.BIN"
scn_vendor_stick vendor3 "$WL_WORK/bad"
wl_stick_insert vendor3 a1
cs 1 "a tampered update" $SCN_TECH receive --device x-0042 --work-order WO-8843 --engineer E --org Acme \
	--escort tech-1 --no-wait
cs_says "update.file-changed"
cs_says "REFUSED"
cs 0 "its refused files" $SCN_TECH show last --refused --json
cs_json 'o["items"][0]["path"] == "FIRMWARE.BIN" and "update.file-changed" in o["items"][0]["rules"]'
cs 2 "a refused transfer is not approved" $SCN_APPR approve last
cs 1 "reject wants a role" $SCN_TECH reject last --reason no
# ---- a remark: by anybody but an auditor, in any state, one line, escaped where it is shown ----
cs 0 "a remark" $SCN_APPR note last "$(printf 'Apporté trop tard; clé \342\200\256 sale')"
cs_says "the remark is in the ledger"
cs 0 "a custodian's" $SCN_CUST noter last "seal intact" --json --lang fr
cs 0 "both are shown" $SCN_TECH show last
cs_says 'remark: Apporté trop tard; clé \u{202E} sale'
cs_says "remark: seal intact"
cs 0 "and say who" $SCN_TECH show last --json
cs_json '[h["actor"] for h in o["transfer"]["history"] if h["event"] == "transfer.noted"] == ["appr-1", "cust-1"]'
cs 1 "an auditor adds nothing" $SCN_AUDIT note last "well done"
cs_says "person.role-missing"
cs 2 "not two lines" $SCN_TECH note last "one
two"
cs 2 "nor nothing" $SCN_TECH note last ""
cs 2 "nor a book" $SCN_TECH note last "$(printf '%01001d' 0)"
cs_says "at most 1000 bytes"
cs 0 "its limit" $SCN_TECH note last "$(printf '%01000d' 0)"
cs 2 "of no transfer" $SCN_TECH note 999 "x"
cs 0 "doctor" $SCN_ADMIN1 doctor --json
cs_json '{r["check"]: r["health"] for r in o}["sandbox"] == "ok"'
mkdir -m 0777 "$WL_WORK/report"
cs 0 "a report for whoever helps" $SCN_ADMIN1 doctor --report "$WL_WORK/report/r.txt"
cs_says "Report for whoever helps"
wl_check "it says what is and how many" grep -q '^transfers inbound refused update.file-changed: 1$' "$WL_WORK/report/r.txt"
wl_check "and the checks" grep -q '^check sandbox ok' "$WL_WORK/report/r.txt"
if grep -qiE 'FIRMWARE|WO-88|Engineer|Acme|x-0042|tech-1|M-0|AA-' "$WL_WORK/report/r.txt"; then
	wl_fail "the report names what it must not"
else
	wl_pass "and no name of a file, device, person or medium"
fi
cs 3 "what is there is not written over" $SCN_ADMIN1 doctor --report "$WL_WORK/report/r.txt"
cs 0 "the tasks of a role" $SCN_ADMIN1 help approver
cs_says "visit open"

wl_end
