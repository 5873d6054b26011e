#!/bin/sh
# Archives that would do harm where they are unpacked, inside an update that is signed and vouched
# for in every other respect: looked into by the station, each refused by its rule.
set -u
: "${WL_SRC:=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}"
. "$WL_SRC/tests/integration/lib.sh"
. "$WL_SRC/tests/integration/pki.sh"
. "$WL_SRC/tests/integration/scenario.sh"
. "$WL_SRC/tests/integration/bad.sh"

bad_begin bad_archive

# archive KIND FILE: made by Python's tarfile and zipfile, which nobody here wrote
archive() {
	"$WL_PYTHON" - "$1" "$2" <<-'PY'
		import io, gzip, os, sys, tarfile, zipfile
		kind, out = sys.argv[1:]
		def member(name, content=b"x", **more):
		    m = tarfile.TarInfo(name)
		    m.size = len(content)
		    for k, v in more.items():
		        setattr(m, k, v)
		    return m, content
		TAR = {
		    "parent": [member("../../etc/passwd")],
		    "absolute": [member("/etc/passwd")],
		    "symlink": [member("a", b"", type=tarfile.SYMTYPE, linkname="/etc/shadow")],
		    "hardlink": [member("a"), member("b", b"", type=tarfile.LNKTYPE, linkname="a")],
		    "device": [member("sda", b"", type=tarfile.BLKTYPE, devmajor=8)],
		    "fifo": [member("pipe", b"", type=tarfile.FIFOTYPE)],
		    "duplicate": [member("same", b"1"), member("same", b"2")],
		    "duplicate-case": [member("Same", b"1"), member("same", b"2")],
		    "good": [member("data/a", b"1")],
		}
		class Zeros(io.RawIOBase):
		    def __init__(self, left):
		        self.left = left
		    def read(self, n=-1):
		        n = self.left if n < 0 else min(n, self.left)
		        self.left -= n
		        return bytes(n)
		def tar(members):
		    with tarfile.open(out, "w:gz", format=tarfile.USTAR_FORMAT, compresslevel=1) as t:
		        for m, content in members:
		            t.addfile(m, io.BytesIO(content) if isinstance(content, bytes) else content)
		if kind in TAR:
		    tar(TAR[kind])
		elif kind == "bomb-tar":
		    m = tarfile.TarInfo("zeros")
		    m.size = 256 << 20
		    tar([(m, Zeros(m.size))])
		elif kind == "truncated":
		    tar([member("a", os.urandom(50000))])
		    os.truncate(out, 30000)
		elif kind == "trailing":
		    tar(TAR["good"])
		    open(out, "ab").write(b"MORE" * 200)
		elif kind == "not-archive":
		    open(out, "wb").write(os.urandom(5000))
		else:
		    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
		        if kind == "zip-good":
		            z.writestr("data/a", b"1")
		        elif kind == "zip-parent":
		            z.writestr("../evil.sh", b"x")
		        elif kind == "zip-absolute":
		            z.writestr("/etc/evil", b"x")
		        elif kind == "zip-duplicate":
		            z.writestr("same", b"1")
		            z.writestr("same", b"2")
		        elif kind == "zip-link":
		            i = zipfile.ZipInfo("link")
		            i.create_system, i.external_attr = 3, 0o120777 << 16
		            z.writestr(i, b"/etc/shadow")
		        elif kind == "zip-bomb":
		            with z.open("zeros", "w") as f:
		                for _ in range(256):
		                    f.write(bytes(1 << 20))
		if kind == "zip-lies":
		    with zipfile.ZipFile(out, "w") as z:
		        z.writestr("good.txt", b"1")
		    raw = open(out, "rb").read()
		    at = raw.index(b"good.txt")
		    open(out, "wb").write(raw[:at] + b"evil.txt" + raw[at + 8:])
	PY
}

# refused KIND WHAT RULE
refused() {
	bad_files arc
	rm -f "$WL_WORK/arc/EXTRAS.TGZ"
	case $1 in
	zip-*) SCN_UNPACK=EXTRAS.ZIP ;;
	*) SCN_UNPACK=EXTRAS.TGZ ;;
	esac
	archive "$1" "$WL_WORK/arc/$SCN_UNPACK" 2>"$WL_LOGS/python.log"
	[ -s "$WL_WORK/arc/$SCN_UNPACK" ] || { wl_fail "$2: not made"; return; }
	scn_manifest "$WL_WORK/arc" vendor
	bad_ticket arc 4.2.1:40201 vendor authority-1
	bad_stick arc
	bad_receive arc
	[ "$3" = waits ] || { bad_refused "$2" "$3"; return; }
	bad_waits "$2"
	wl_check "$2: cancelled" wl_cli $SCN_TECH cancel "$TRANSFER" --reason "only a try"
}

refused good "a good archive" waits
refused parent "tar: ../ in a name" archive.path-parent
refused absolute "tar: an absolute name" archive.path-absolute
refused symlink "tar: a symbolic link" archive.link
refused hardlink "tar: a hard link" archive.link
refused device "tar: a device" archive.special-file
refused fifo "tar: a pipe" archive.special-file
refused duplicate "tar: one name twice" archive.duplicate
refused duplicate-case "tar: one name in two spellings" archive.duplicate
refused bomb-tar "tar.gz: a bomb" archive.bomb
refused truncated "tar.gz: cut off" archive.truncated
refused trailing "tar.gz: bytes behind its end" archive.trailing-bytes
refused not-archive "no archive at all" archive.format
refused zip-good "a good zip" waits
refused zip-parent "zip: ../ in a name" archive.path-parent
refused zip-absolute "zip: an absolute name" archive.path-absolute
refused zip-duplicate "zip: one name twice" archive.duplicate
refused zip-link "zip: a link" archive.link
refused zip-bomb "zip: a bomb" archive.bomb
refused zip-lies "zip: two names for one file" archive.structure

bad_end
