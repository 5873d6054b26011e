# shellcheck shell=sh
# What the tests of exports share. POSIX sh, sourced after lib.sh, pki.sh, scenario.sh and bad.sh.

exp_begin() {
	bad_begin "$1"
	EXP_STATION=$WL_WORK/station.pem
	cp "$WL_STATE/var/lib/weighlock-ledger/station.pem" "$EXP_STATION" 2>/dev/null ||
		find "$WL_STATE" -name station.pem -exec cp {} "$EXP_STATION" \;
	"$WL_PYTHON" "$WL_SRC/tests/integration/export_make.py" "$WL_WORK/pictures" || wl_fail export_make.py
	exp_disguise
}
# The same samples in other files: names, chunks, compression, times and order differ.
exp_disguise() {
	mkdir -p "$WL_WORK/other/20261116"
	"$WL_PYTHON" - "$WL_WORK/pictures" "$WL_WORK/other" <<'PY'
import struct, sys, zlib
source, target = sys.argv[1:]
def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
for name, new in (("20261116/118820_A.png", "20261116/118820_ZZ.PNG"), ("20261116/118820_B.png", "20261116/118820_A.png"),
                  ("20261117/118825_A.png", "20261116/118825_Q.png")):
    b = open(f"{source}/{name}", "rb").read()
    head, at, data = b[:33], 33, b""
    while at < len(b):
        n, kind = struct.unpack(">I4s", b[at:at + 8])
        if kind == b"IDAT":
            data += b[at + 8:at + 8 + n]
        at += 12 + n
    packed = zlib.compress(zlib.decompress(data), 1)
    half = len(packed) // 2
    open(f"{target}/{new}", "wb").write(
        head + chunk(b"tEXt", b"Comment\0CANARY-OTHER") + chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:])
        + chunk(b"IEND", b""))
PY
}
# exp_scanner STICK FOLDER…: a scanner's stick with these folders, and Windows' litter
exp_scanner() {
	exp_stick=$(wl_stick_file "$1")
	shift
	wl_fat_make "$exp_stick" 64 SCANNER
	for exp_folder in "$@"; do
		wl_fat_mkdir "$exp_stick" "${exp_folder##*/}"
		wl_fat_put "$exp_stick" "$exp_folder" "${exp_folder##*/}"
	done
	wl_fat_litter "$exp_stick"
}
# exp_open OPTION…: an export by invest-1 (or $EXP_UID), complete but for what the options say
exp_open() {
	wl_run wl_cli "${EXP_UID:-$SCN_INVEST}" export --no-wait --device x-0042 --case 2026-FA-0311 \
		--authority ca-107-5-a --reference "letter 2026-11-20" --requester "Crown counsel" --tip off \
		--clock "$(date -u '+%Y-%m-%d %H:%M')" --port a1 "$@"
	TRANSFER=$(grep -o "$SCN_STATION-T[0-9]*" "$WL_OUT" | head -n 1)
}
# exp_json WHAT EXPRESSION VALUE: of show; t is the transfer, o its outputs by name, items its files
exp_json() {
	wl_cli $SCN_INVEST show "$TRANSFER" --json >"$WL_PREFIX/show.json" 2>"$WL_PREFIX/show.err"
	exp_value=$("$WL_PYTHON" - "$WL_PREFIX/show.json" "$2" 2>&1 <<'PY'
import json, sys
whole = json.loads(open(sys.argv[1]).readline())
t, items = whole["transfer"], whole["items"]
o = {x["output"]: x for x in t["outputs"] if isinstance(x, dict)}
print(eval(sys.argv[2]))
PY
	)
	if [ "$exp_value" = "$3" ]; then wl_pass "$1"; else
		cp "$WL_PREFIX/show.json" "$WL_OUT"
		wl_fail "$1: $2 is $exp_value, not $3"
	fi
}
exp_order() {
	bad_ledger_lines | grep -F "\"$TRANSFER\"" | grep -o '"event":"[a-z.]*"' >"$WL_PREFIX/order"
	exp_first=$(grep -n "\"$2\"" "$WL_PREFIX/order" | head -n 1 | cut -d: -f1)
	exp_then=$(grep -n "\"$3\"" "$WL_PREFIX/order" | head -n 1 | cut -d: -f1)
	[ "${exp_first:-0}" -gt 0 ] && [ "${exp_first:-0}" -lt "${exp_then:-0}" ] && wl_pass "$1" || wl_fail "$1: $exp_first, $exp_then"
}
exp_vault_holds() {
	exp_n=$(find "$WL_STATE/var/lib/weighlock/vault/$TRANSFER/item" -type f | wc -l)
	[ "$exp_n" -eq "$1" ] && wl_pass "only what was asked for is kept" || wl_fail "the vault holds $exp_n items, not $1"
}
exp_prepared() {
	wl_stick_new "$1" "${2:-64}" b1
	wl_check "the $1 medium prepared" wl_cli $SCN_INVEST prepare b1 --for x-0042 --yes
}
exp_release() {
	wl_run wl_cli $SCN_INVEST release "$TRANSFER" --port b1 --no-wait
	case $WL_STATUS in 0 | 4) wl_pass "released onto the medium in b1" ;; *) wl_fail "release: status $WL_STATUS" ;; esac
}
# exp_unpack STICK: what lies on it, into $WL_WORK/out-scrubbed or out-evidence
exp_unpack() {
	rm -rf "$WL_WORK/out"
	mkdir "$WL_WORK/out"
	MTOOLS_SKIP_CHECK=1 mcopy -s -n -Q -i "$(wl_stick_file "$1")@@1M" "::*" "$WL_WORK/out/" || wl_fail "mcopy of $1"
	exp_kind=$(ls "$WL_WORK/out/data")
	rm -rf "$WL_WORK/out-$exp_kind"
	mv "$WL_WORK/out" "$WL_WORK/out-$exp_kind"
}
# exp_same_files WHAT FOLDER FILE…: the folder holds exactly these contents
exp_same_files() {
	exp_what=$1 exp_there=$2
	shift 2
	sha256sum "$exp_there"/* | cut -c1-64 | sort >"$WL_PREFIX/there"
	sha256sum "$@" | cut -c1-64 | sort >"$WL_PREFIX/wanted"
	wl_check "$exp_what" cmp "$WL_PREFIX/there" "$WL_PREFIX/wanted"
}
exp_count() {
	exp_n=$(find "$3" -type f | wc -l)
	[ "$exp_n" -eq "$2" ] && wl_pass "$1" || wl_fail "$1: $exp_n, not $2"
}
# exp_tools BAG: the custody record says the libraries at work, in the versions Debian's packages have
exp_tools() {
	"$WL_PYTHON" - "$1/custody.json" <<'PY'
import json, subprocess, sys
record = json.load(open(sys.argv[1]))
packages = {"libpng": "libpng16-16", "zlib": "zlib1g", "libjpeg-turbo": "libjpeg62-turbo",
            "libtiff": "libtiff6", "isa-l": "libisal2", "OpenSSL": "libssl3"}
said = set()
for tool in record["tools"]:
    if tool["name"] == "weighlock":
        continue
    version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", packages[tool["name"]]],
                             check=True, capture_output=True, text=True).stdout
    version = version.split(":")[-1]
    assert version.startswith(tool["version"]), (tool, version)
    said.add(tool["work"] + " " + tool["name"])
of_work = {"decode png": {"decode libpng", "decode zlib"}, "decode jpeg": {"decode libjpeg-turbo"},
           "decode tiff": {"decode libtiff", "decode zlib"}, "decode bmp": set(), "mask": set(),
           "encode png": {"encode isa-l", "encode OpenSSL", "check isa-l", "check OpenSSL"},
           "encrypt cms": {"seal OpenSSL"}}
wanted = {"seal OpenSSL"} if record["output"] == "evidence" else set()
for item in record["items"]:
    for transform in item["transforms"]:
        wanted |= of_work[transform]
assert said == wanted, said
PY
}
# exp_clean BAG: no canary, no name of a source in the payload and the tag files, raw or inflated
exp_clean() {
	wl_check "nothing of a source shows in the scrubbed bag" "$WL_PYTHON" - "$1" <<'PY'
import os, re, sys, zlib
bad = []
for where, _, names in os.walk(sys.argv[1]):
    for name in names:
        b = open(os.path.join(where, name), "rb").read()
        parts = [b]
        if name.endswith(".png"):
            at, data = 8, b""
            while at < len(b):
                n = int.from_bytes(b[at:at + 4], "big")
                if b[at + 4:at + 8] == b"IDAT":
                    data += b[at + 8:at + 8 + n]
                at += 12 + n
            parts.append(zlib.decompress(data))
        for p in parts:
            if re.search(rb"CANARY|_[ABQZ]\.|20261116|20261117", p):
                bad.append(name)
print(bad)
sys.exit(bool(bad))
PY
}
exp_exiftool() {
	exiftool -j -all -a -G1 -ee "$1" >"$WL_PREFIX/exif.json" 2>/dev/null
	"$WL_PYTHON" - "$WL_PREFIX/exif.json" <<'PY'
import json, sys
ok = ("SourceFile", "ExifTool:", "System:", "File:", "PNG:ImageWidth", "PNG:ImageHeight", "PNG:BitDepth", "PNG:ColorType",
      "PNG:Compression", "PNG:Filter", "PNG:Interlace", "Composite:ImageSize", "Composite:Megapixels")
bad = {k: v for o in json.load(open(sys.argv[1])) for k, v in o.items() if not k.startswith(ok)}
print(bad)
sys.exit(bool(bad))
PY
}
exp_acknowledge() {
	wl_check "acknowledged: ${1##*-}" wl_cli $SCN_INVEST acknowledge "$TRANSFER" \
		--digest "$(sha256sum "$1/tagmanifest-sha256.txt" | cut -c1-64)" --by "Crown counsel" --received 2026-11-24
}
# exp_payload_equals FOLDER: each picture that $TRANSFER would write is, byte for byte, one of these
exp_payload_equals() {
	sha256sum "$1"/* | cut -c1-64 | sort >"$WL_PREFIX/there"
	find "$WL_STATE/var/lib/weighlock/vault/$TRANSFER/out" -name 'scrubbed.*.png' -exec sha256sum {} + |
		cut -c1-64 | sort >"$WL_PREFIX/mine"
	exp_n=$(wc -l <"$WL_PREFIX/mine")
	[ "$exp_n" -eq 3 ] && [ -z "$(comm -23 "$WL_PREFIX/mine" "$WL_PREFIX/there")" ] &&
		wl_pass "the same samples from other files give the same bytes" || wl_fail "non-interference: $exp_n pictures, not all the same"
}
