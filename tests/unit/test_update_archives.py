#!/usr/bin/python3
"""Archives that try to get out, to hide or to swell, against the worker that looks into them.

Made with Python's tarfile and zipfile and patched by hand. With WEIGHLOCK_CORPORA set, the public
archives of archive-slip/ are tried too.
"""
import gzip
import io
import os
import stat
import struct
import subprocess
import sys
import tarfile
import warnings
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from update_tools import expect, findings, finish, path, probe, read, run, write  # noqa: E402


warnings.simplefilter("ignore")


def look(kind, name, *limits):
    return probe("unpack", kind, path(name), *[str(n) for n in limits])


def refused(what, rule, kind, name, *limits):
    lines = look(kind, name, *limits)
    expect("%s (%s)" % (what, kind), (findings(lines), lines[-1]), ([rule], "done"), lines)


def good(what, kind, name, members, *limits):
    lines = look(kind, name, *limits)
    expect("%s (%s)" % (what, kind), lines, ["member " + m for m in members] + ["done"], lines)


# ---- makers ----

def tar(name, *members, form=tarfile.PAX_FORMAT):
    """members: (path, content or type, extra attributes)"""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, encoding="utf-8",
                      errors="surrogateescape") as t:
        for member in members:
            info = tarfile.TarInfo(member[0])
            if isinstance(member[1], bytes) and len(member[1]) == 1 and len(member) > 2:
                info.type = member[1]
            else:
                info.size = len(member[1])
            for k, v in (member[2] if len(member) > 2 else {}).items():
                setattr(info, k, v)
            t.addfile(info, io.BytesIO(member[1]) if info.size else None)
    write(name, out.getvalue())
    return out.getvalue()


def gz(name, data, level=6):
    write(name, gzip.compress(data, level, mtime=0))


def zipped(name, *members, method=zipfile.ZIP_DEFLATED, **how):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for member in members:
            info = member[0]
            if isinstance(info, str):
                info = zipfile.ZipInfo(info, (2026, 1, 2, 3, 4, 6))
                info.compress_type = method
                info.external_attr = (0o40755 << 16 | 0x10 if member[0].endswith("/")
                                      else 0o100644 << 16)
            for k, v in how.items():
                setattr(info, k, v)
            z.writestr(info, member[1])
    write(name, out.getvalue())
    return bytearray(out.getvalue())


def streamed_zip(name, *members):
    """As a writer that cannot seek makes it: sizes in descriptors."""
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, b):
            self.data += bytes(b)
            return len(b)
    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for member in members:
            z.writestr(*member)
    write(name, out.data)
    return bytearray(out.data)


# ---- cases ----

def good_ones():
    members = (("d/", b"5", {"type": b"5"}), ("d/a.bin", b"a" * 3000), ("\u00e9t\u00e9.txt", b""))
    shown = ["folder 0 d", "file 3000 d/a.bin", "file 0 \u00e9t\u00e9.txt"]
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        data = tar("t.tar", *members, form=form)
        good("plain", "tar", "t.tar", shown)
        gz("t.tgz", data)
        good("plain", "tar-gzip", "t.tgz", shown)
    long = "/".join(["x" * 60] * 3) + "/" + "y" * 40
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        tar("t.tar", (long, b"z"), form=form)
        good("long name", "tar", "t.tar", ["file 1 " + long])
    zmembers = (("d/", b""), ("d/a.bin", b"a" * 3000), ("\u00e9t\u00e9.txt", b""))
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        zipped("z.zip", *zmembers, method=method)
        good("plain", "zip", "z.zip", shown)
    streamed_zip("z.zip", ("a", b"a" * 100), ("b", b"b"))
    good("descriptors", "zip", "z.zip", ["file 100 a", "file 1 b"])
    zipped("z.zip")
    good("empty", "zip", "z.zip", [])
    tar("t.tar")
    good("empty", "tar", "t.tar", [])
    write("src.txt", b"hello\n")
    run("zip", "-q", "-X", "made.zip", "src.txt")
    good("made by zip -X", "zip", "made.zip", ["file 6 src.txt"])
    run("zip", "-q", "made2.zip", "src.txt")
    good("made by zip", "zip", "made2.zip", ["file 6 src.txt"])
    run("tar", "czf", "made.tgz", "src.txt")
    good("made by tar", "tar-gzip", "made.tgz", ["file 6 src.txt"])


NAMES = (
    ("/abs", "archive.path-absolute"), ("//abs", "archive.path-absolute"),
    ("C:/x", "archive.path-absolute"), ("C:x", "archive.path-absolute"),
    ("\\x", "archive.path-absolute"), ("../x", "archive.path-parent"),
    ("a/../../x", "archive.path-parent"), ("a/..", "archive.path-parent"),
    ("..\\x", "archive.path-parent"), ("a\\..\\..\\w", "archive.path-parent"),
    ("a\\b", "name.reserved"), ("./a", "name.empty"), ("a//b", "name.empty"), ("a/./b", "name.empty"),
    ("CON", "name.reserved"), ("aux.txt", "name.reserved"), ("d/nul.tar.gz", "name.reserved"),
    ("LPT9", "name.reserved"), ("com0.x", "name.reserved"), ("conin$", "name.reserved"),
    ("nul .txt", "name.reserved"), ("tr. ", "name.reserved"), ("tr.", "name.reserved"),
    ("d /x", "name.reserved"), (" x", "name.reserved"), ("ab:c", "name.reserved"),
    ("a*", "name.reserved"), ("a?", "name.reserved"), ("a|b", "name.reserved"),
    ("a\"b", "name.reserved"), ("a<b", "name.reserved"),
    ("a\u202eb", "name.control"), ("a\u200bb", "name.control"), ("a\ufeffb", "name.control"),
    ("a\u2066b", "name.control"), ("a\nb", "name.control"), ("a\x1b[2Jb", "name.control"),
    ("a\x7fb", "name.control"), ("a\x85b", "name.control"),
    ("e\u0301", "name.encoding"), ("\uff0e\uff0e\uff0fx", "name.encoding"),
    ("\ufb01x", "name.encoding"), ("\u212a", "name.encoding"), ("\U0001f600", "name.encoding"),
    ("y" * 201, "name.too-long"), ("/".join(["y" * 80] * 2) + "/" + "y" * 79, "name.too-long"), ("/".join(["y" * 100] * 3), "name.too-long"),
    ("/".join("y" * 17), "name.too-long"),
)
FINE = ("y" * 200, "/".join(["y" * 80] * 2) + "/" + "y" * 78, "/".join("y" * 16), "con1", "nul-x",
        "COM", "com10", "a.b.c", "a (1) [x] {y} $~!@#%^&'`;,+=-_.txt", "\u00c9\u00e8\u4e2d\ud55c", "...x")


def names():
    for name, rule in NAMES:
        # GNU form: the raw bytes of the name, without libarchive's reading of pax records
        tar("t.tar", (name, b"x"), form=tarfile.GNU_FORMAT)
        refused(ascii(name), rule, "tar", "t.tar")
        zipped("z.zip", (name, b"x"))
        refused(ascii(name), rule, "zip", "z.zip")
    for name in FINE:
        tar("t.tar", (name, b"x"), form=tarfile.GNU_FORMAT)
        good(ascii(name), "tar", "t.tar", ["file 1 " + name])
        tar("t.tar", (name, b"x"))
        good("pax " + ascii(name), "tar", "t.tar", ["file 1 " + name])
        zipped("z.zip", (name, b"x"))
        good(ascii(name), "zip", "z.zip", ["file 1 " + name])
    tar("t.tar", ("a\udcffb", b"x"), form=tarfile.GNU_FORMAT)
    refused("not UTF-8", "name.encoding", "tar", "t.tar")
    data = zipped("z.zip", ("a\u00e9", b"x"))
    write("z.zip", data.replace(struct.pack("<H", 0x800), b"\0\0"))
    refused("not ASCII and not marked", "name.encoding", "zip", "z.zip")
    tar("t.tar", ("", b"x"), form=tarfile.GNU_FORMAT)
    lines = look("tar", "t.tar")
    expect("no name", findings(lines)[0] in ("name.empty", "archive.structure"), True, lines)


def kinds():
    for what, kind, extra, rule in (
            ("symbolic link", b"2", {"linkname": "x"}, "archive.link"),
            ("absolute symbolic link", b"2", {"linkname": "/etc"}, "archive.link"),
            ("hard link", b"1", {"linkname": "../victim"}, "archive.link"),
            ("FIFO", b"6", {}, "archive.special-file"),
            ("character device", b"3", {"devmajor": 1, "devminor": 3}, "archive.special-file"),
            ("block device", b"4", {"devmajor": 8}, "archive.special-file")):
        tar("t.tar", ("x", b"x"), ("l", kind, extra))
        refused(what, rule, "tar", "t.tar")
    for mode, rule in ((stat.S_IFLNK, "archive.link"), (stat.S_IFIFO, "archive.special-file"),
                       (stat.S_IFCHR, "archive.special-file"), (stat.S_IFDIR, "archive.structure")):
        zipped("z.zip", ("l", b"/etc"), external_attr=(mode | 0o777) << 16)
        refused("mode %o" % mode, rule, "zip", "z.zip")
    zipped("z.zip", ("d", b""), external_attr=0x10)
    refused("folder without its slash", "archive.structure", "zip", "z.zip")
    tar("t.tar", ("x", b"xy", {"mode": 0o6755}))
    good("set-uid is no matter here", "tar", "t.tar", ["file 2 x"])


def duplicates():
    for what, members in (
            ("twice", (("a", b"1"), ("a", b"2"))), ("case", (("App.bin", b"1"), ("App.BIN", b"2"))),
            ("case not ASCII", (("\u00c9", b"1"), ("\u00e9", b"2"))),
            ("case of folder", (("D/a", b"1"), ("d/b", b"2"))),
            ("file then folder", (("a", b"1"), ("a/b", b"2"))),
            ("folder then file", (("a/b", b"1"), ("A", b"2")))):
        tar("t.tar", *members)
        refused(what, "archive.duplicate", "tar", "t.tar")
        zipped("z.zip", *members)
        refused(what, "archive.duplicate", "zip", "z.zip")
    tar("t.tar", ("d/", b"5", {"type": b"5"}), ("d/", b"5", {"type": b"5"}))
    refused("folder twice", "archive.duplicate", "tar", "t.tar")


def sparse():
    with open(path("holes"), "wb") as f:
        f.truncate(8 << 30)
    for form in ("gnu", "pax"):
        run("tar", "-c", "-S", "--format=" + form, "-f", "t.tar", "holes")
        refused("8 GiB of holes, " + form, "archive.sparse", "tar", "t.tar")
    with open(path("holes"), "wb") as f:
        f.write(b"x" * 4096)
        f.seek(1 << 20)
        f.write(b"y" * 4096)
    run("tar", "-c", "-S", "--format=gnu", "-f", "t.tar", "holes")
    refused("holes in the middle", "archive.sparse", "tar", "t.tar")


def limits():
    tar("t.tar", ("a", b"1"), ("b", b"2"), ("c", b"3"))
    good("as many as allowed", "tar", "t.tar", ["file 1 a", "file 1 b", "file 1 c"], 3)
    refused("one too many", "archive.too-many", "tar", "t.tar", 2)
    zipped("z.zip", ("a", b"1"), ("b", b"2"), ("c", b"3"))
    good("as many as allowed", "zip", "z.zip", ["file 1 a", "file 1 b", "file 1 c"], 3)
    refused("one too many", "archive.too-many", "zip", "z.zip", 2)
    members = [("f%d" % i, b"") for i in range(20001)]
    for n, wanted in ((20000, []), (20001, ["archive.too-many"])):
        gz("t.tgz", tar("t.tar", *members[:n], form=tarfile.USTAR_FORMAT), 1)
        expect("%d files (tar)" % n, findings(look("tar", "t.tar")), wanted)
        zipped("z.zip", *members[:n], method=zipfile.ZIP_STORED)
        expect("%d files (zip)" % n, findings(look("zip", "z.zip")), wanted)
    tar("t.tar", ("a", b"1" * 1000), ("b", b"2" * 1000))
    good("bytes allowed", "tar", "t.tar", ["file 1000 a", "file 1000 b"], 9, 2000)
    refused("a byte over", "archive.bomb", "tar", "t.tar", 9, 1999)
    zipped("z.zip", ("a", os.urandom(1000)), ("b", os.urandom(1000)))
    refused("a byte over", "archive.bomb", "zip", "z.zip", 9, 1999)


def bombs():
    for mib, wanted in ((16, []), (17, ["archive.bomb"])):
        zeros = bytes((mib << 20) - (10240 if mib == 16 else 0))
        data = tar("t.tar", ("zeros", zeros), form=tarfile.USTAR_FORMAT)
        good("stored", "tar", "t.tar", ["file %d zeros" % len(zeros)])
        gz("t.tgz", data, 9)
        expect("%d MiB of zeros (tar-gzip)" % mib, findings(look("tar-gzip", "t.tgz")), wanted)
        zipped("z.zip", ("zeros", zeros))
        expect("%d MiB of zeros (zip)" % mib, findings(look("zip", "z.zip")), wanted)
    # much after the end blocks, which no member counts
    gz("t.tgz", tar("t.tar", ("a", b"1")) + bytes(40 << 20), 9)
    refused("zeros after the end", "archive.bomb", "tar-gzip", "t.tgz")


def formats():
    data = tar("t.tar", ("a", b"1" * 5000))
    gz("t.tgz", data)
    zipped("z.zip", ("a", b"1"))
    for declared, name in (("tar", "t.tgz"), ("tar", "z.zip"), ("zip", "t.tar"), ("tar-gzip", "t.tar"),
                           ("tar-gzip", "z.zip")):
        refused("declared %s, is %s" % (declared, name), "archive.format", declared, name)
    lines = look("zip", "t.tgz")
    expect("zip that is gzip", findings(lines), ["archive.filter"], lines)
    for tool in ("bzip2", "xz", "zstd"):
        write("c", subprocess.run([tool, "-c"], input=data, stdout=subprocess.PIPE).stdout)
        refused("is " + tool, "archive.filter", "tar-gzip", "c")
        refused("is " + tool, "archive.format", "tar", "c")
        gz("c.gz", read("c"))
        refused("gzip of " + tool, "archive.filter", "tar-gzip", "c.gz")
    gz("tt.tgz", read("t.tgz"))
    refused("gzip twice", "archive.filter", "tar-gzip", "tt.tgz")
    for kind in ("tar", "tar-gzip", "zip"):
        refused("text", "archive.format", kind, os.path.basename(write("text", b"hello " * 2000)))
        lines = look(kind, os.path.basename(write("none", b"")))
        expect("empty file " + kind, findings(lines)[0] in ("archive.truncated", "archive.format"),
               True, lines)
    lines = probe("unpack", "rar", path("t.tar"))
    expect("unknown format", lines[0] in GONE, True, lines)
    tar("t.tar", ("MZ-tool.exe", b"1"), ("BZh", b"2"))
    good("a name like a magic number", "tar", "t.tar", ["file 1 MZ-tool.exe", "file 1 BZh"])
    for method, number in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
        zipped("z.zip", ("a", b"1" * 100), method=number)
        refused("method " + method, "archive.filter", "zip",
                "z.zip")


def tar_damage():
    data = tar("t.tar", ("a", os.urandom(5000)), ("b", b"2" * 100), form=tarfile.USTAR_FORMAT)
    end = 512 + 5120 + 512 + 512
    for n, rule in ((100, "archive.format"), (512 + 700, "archive.truncated"),
                    (512 + 5120 + 300, "archive.truncated"), (end, "archive.truncated"),
                    (end + 512, "archive.truncated"), (end + 1024 + 1, "archive.truncated")):
        write("cut", data[:n])
        refused("cut at %d" % n, rule, "tar", "cut")
        gz("cut.tgz", data[:n])
        refused("cut at %d" % n, rule, "tar-gzip", "cut.tgz")
    write("min", data[:end + 1024])
    good("two end blocks suffice", "tar", "min", ["file 5000 a", "file 100 b"])
    for what, tail in (("byte", b"x"), ("block", b"x" * 512), ("second archive", data)):
        write("tail", data + tail)
        refused("%s after the end" % what, "archive.trailing-bytes", "tar", "tail")
        gz("tail.tgz", data + tail)
        refused("%s after the end" % what, "archive.trailing-bytes", "tar-gzip", "tail.tgz")
    bad = bytearray(data)
    bad[512 + 5120 + 10] ^= 1
    write("sum", bytes(bad))
    refused("header checksum", "archive.structure", "tar", "sum")
    pax = tar("t.tar", ("a", b"1", {"pax_headers": {"comment": "c" * 65537}}))
    refused("headers over 64 KiB", "archive.structure", "tar", "t.tar")
    expect("(its size)", len(pax) > 65537, True)
    tar("t.tar", ("a", b"1b", {"pax_headers": {"comment": "c" * 63000}}))
    good("headers under 64 KiB", "tar", "t.tar", ["file 2 a"])
    packed = gzip.compress(data, mtime=0)
    for n in (5, 15, len(packed) - 9, len(packed) - 1):
        write("cut.tgz", packed[:n])
        refused("gzip cut at %d" % n, "archive.truncated", "tar-gzip", "cut.tgz")
    write("more.tgz", packed + b"x")
    refused("byte after the gzip member", "archive.trailing-bytes", "tar-gzip", "more.tgz")
    write("more.tgz", packed + gzip.compress(b""))
    refused("second gzip member", "archive.trailing-bytes", "tar-gzip", "more.tgz")
    write("crc.tgz", packed[:-8] + bytes(4) + packed[-4:])
    refused("gzip checksum", "archive.structure", "tar-gzip", "crc.tgz")
    write("len.tgz", packed[:-1] + b"\x77")
    refused("gzip length", "archive.structure", "tar-gzip", "len.tgz")


def patched(data, at, value):
    out = bytearray(data)
    out[at:at + len(value)] = value
    return bytes(out)


def header(name, kind, size, prefix="", magic=b"ustar\x0000", size_field=None):
    h = bytearray(512)
    h[0:len(name)] = name.encode()
    h[100:108], h[108:116], h[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    h[124:136] = size_field or b"%011o\0" % size
    h[136:148], h[148:156], h[156] = b"00000000000\0", b"        ", ord(kind)
    h[257:265] = magic
    h[345:345 + len(prefix)] = prefix.encode()
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def filled(data):
    return data + bytes(-len(data) % 512)


def record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    n = len(body)
    while len(str(n)) + len(body) != n:
        n = len(str(n)) + len(body)
    return str(n).encode() + body


def extension(kind, *records):
    body = b"".join(records)
    return header("x", kind, len(body)) + filled(body)


def tar_structure():
    end, one = bytes(1024), header("a", "0", 1) + filled(b"1")
    x, path_a = "x", record(b"path", b"a")
    bad = "archive.structure"
    for what, rule, made in (
            ("header name leads out, pax name does not", "archive.path-parent",
             extension(x, path_a) + header("../../w", "0", 1) + filled(b"1")),
            ("header prefix leads out, pax name does not", "archive.path-absolute",
             extension(x, path_a) + header("w", "0", 1, prefix="/etc") + filled(b"1")),
            ("pax name leads out, header name does not", "archive.path-parent",
             extension(x, record(b"path", b"../a")) + one),
            ("long name leads out", "archive.path-parent", extension("L", b"../a\0") + one),
            ("long name without its end", bad, extension("L", b"a") + one),
            ("NUL in a pax name", bad, extension(x, record(b"path", b"a\0/../../b")) + one),
            ("NUL in a long name", bad, extension("L", b"a\0/../b\0") + one),
            ("pax name twice", bad, extension(x, path_a, record(b"path", b"b")) + one),
            ("pax name and long name", bad, extension(x, path_a) + extension("L", b"a\0") + one),
            ("two pax headers", bad, extension(x, path_a) + extension(x, path_a) + one),
            ("pax header for nothing", bad, extension(x, path_a)),
            ("two sizes", bad, extension(x, record(b"size", b"512")) + one),
            ("no number for a size", bad, extension(x, record(b"size", b"-1")) + one),
            ("link in a pax record", "archive.link",
             extension(x, record(b"linkpath", b"/etc")) + one),
            ("holes in a pax record", "archive.sparse",
             extension(x, record(b"GNU.sparse.major", b"1")) + one),
            ("holes of Solaris", "archive.sparse",
             extension(x, record(b"SUN.holesdata", b" 0 1")) + one),
            ("unknown pax record", bad, extension(x, record(b"hdrcharset", b"BINARY")) + one),
            ("pax record too long", bad, extension(x, b"99 path=a\n") + one),
            ("pax record too short", bad, extension(x, b"3 path=a\n") + one),
            ("global header with a name", bad, extension("g", path_a) + one),
            ("size in base 256", bad,
             header("a", "0", 1, size_field=b"\x80" + bytes(10) + b"\1") + filled(b"1")),
            ("neither POSIX nor GNU", "archive.format", header("a", "0", 0, magic=bytes(8))),
            ("a file named like a folder", "name.empty", header("a/", "0", 0)),
            ("a folder with content", bad, header("a", "5", 1) + filled(b"1")),
            ("contiguous file", "archive.special-file", header("a", "7", 0)),
            ("volume label", bad, header("a", "V", 0)),
            ("part of another volume", bad, header("a", "M", 0)),
            ("long link", "archive.link", extension("K", b"a\0") + one),
            ("unknown type", bad, header("a", "Z", 0)),
            ("old sparse type", "archive.sparse", header("a", "S", 0)),
            ("zeros between members", bad, one + bytes(512) + header("b", "0", 0))):
        write("t.tar", made + end)
        refused(what, rule, "tar", "t.tar")
        gz("t.tgz", made + end)
        refused(what, rule, "tar-gzip", "t.tgz")
    for what, made in (
            ("remark as of git archive",
             extension("g", record(b"comment", b"0123456789abcdef")) + one),
            ("both sizes agree", extension(x, record(b"size", b"1")) + one),
            ("GNU magic", header("a", "0", 1, magic=b"ustar  \0") + filled(b"1"))):
        write("t.tar", made + end)
        good(what, "tar", "t.tar", ["file 1 a"])
    write("src.txt", b"hello\n")
    for form in ("gnu", "posix", "ustar"):
        run("tar", "-c", "--format=" + form, "-f", "made.tar", "src.txt")
        good("made by tar --format=" + form, "tar", "made.tar", ["file 6 src.txt"])
    run("tar", "-c", "--format=v7", "-f", "made.tar", "src.txt")
    refused("made by tar --format=v7", "archive.format", "tar", "made.tar")


# A worker that refuses to go on may be gone before it has said so.
GONE = ("fault Protocol error", "died Broken pipe")


def zip_structure():
    data = bytes(zipped("z.zip", ("good.bin", b"1" * 100), ("more.bin", b"2" * 100)))
    bad = "archive.structure"
    directory = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    second = data.index(b"PK\3\4", 10)
    local = data.index(b"good.bin")
    other = bytes(zipped("o.zip", ("app.bin", b"EVIL")))
    for what, rule, made in (
            ("local name differs", bad, patched(data, local, b"evil.bin")),
            ("local size differs", bad, patched(data, 22, b"\x01")),
            ("local packed size differs", bad, patched(data, 18, b"\x01")),
            ("local CRC differs", bad, patched(data, 14, b"\0")),
            ("local flags differ", bad, patched(data, 6, b"\x02")),
            ("local method differs", bad, patched(data, 8, b"\0")),
            ("two archives", bad, other + data),
            ("prefix", bad, b"dex\n035\0" + bytes(100) + data),
            ("prefix that looks like an entry", bad, data[:second] + data),
            ("byte after", "archive.trailing-bytes", data + b"x"),
            ("1000 bytes after", "archive.trailing-bytes", data + bytes(1000)),
            ("comment", bad, data[:-2] + b"\x05\0hello"),
            ("cut in the end record", "archive.truncated", data[:-1]),
            ("cut in the directory", "archive.truncated", data[:directory + 20]),
            ("count too small", bad, patched(data, end + 8, b"\1\0\1\0")),
            ("count too large", bad, patched(data, end + 8, b"\3\0\3\0")),
            ("counts differ", bad, patched(data, end + 8, b"\1")),
            ("disk number", bad, patched(data, end + 4, b"\1")),
            ("directory elsewhere", bad, patched(data, end + 16, struct.pack("<I", directory - 1))),
            ("ZIP64 offset", bad, patched(data, end + 16, b"\xff" * 4)),
            ("entry offset", bad, patched(data, directory + 42, struct.pack("<I", second))),
            ("NUL in a name", bad, data.replace(b"good.bin", b"good\0bin")),
            ("encrypted flag", "archive.encrypted",
             patched(patched(data, 6, b"\1"), directory + 8, b"\1")),
            ("strong encryption", "archive.encrypted",
             patched(patched(data, 6, b"\x41"), directory + 8, b"\x41")),
            ("unknown flag", bad, patched(patched(data, 6, b"\x10"), directory + 8, b"\x10")),
            ("data damaged", bad, patched(data, local + 9, b"\xff\xff")),
            ("not the CRC", bad, patched(patched(data, 14, bytes(4)), directory + 16, bytes(4)))):
        write("z.zip", made)
        # a prefix of another kind is no ZIP file at all at its beginning
        refused(what, "archive.format" if what == "prefix" else rule, "zip", "z.zip")
    gap = data[:second] + b"??" + data[second:]
    move = len(b"??")
    gap = patched(gap, end + move + 16, struct.pack("<I", directory + move))
    at = gap.index(b"PK\1\2", directory + move + 4)
    write("z.zip", patched(gap, at + 42, struct.pack("<I", second + move)))
    refused("gap between entries", bad, "zip", "z.zip")
    for extra, rule in ((b"up\x05\0\1abcd", bad), (b"\1\0\x08\0" + bytes(8), bad),
                        (b"\x01\x99\x07\0\2\0AE\3\x08\0", "archive.encrypted"), (b"nu\2\0ab", bad),
                        (b"\x55\x54\x05\0\3abcd", None), (b"UT\x09\0", bad)):
        info = zipfile.ZipInfo("a", (2026, 1, 2, 3, 4, 6))
        info.extra = extra
        info.external_attr = 0o100644 << 16
        try:
            zipped("z.zip", (info, b"1"))
        except struct.error:
            continue
        if rule:
            refused("extra field %r" % extra[:2], rule, "zip", "z.zip")
        else:
            good("extra field %r" % extra[:2], "zip", "z.zip", ["file 1 a"])
    info = zipfile.ZipInfo("a", (2026, 1, 2, 3, 4, 6))
    info.comment = b"hello"
    zipped("z.zip", (info, b"1"))
    refused("entry with a comment", bad, "zip", "z.zip")
    data = bytes(streamed_zip("z.zip", ("a", b"1" * 100), ("b", b"2")))
    at = data.index(b"PK\7\x08")
    for what, made in (("descriptor CRC", patched(data, at + 4, b"\xaa\xbb")),
                       ("descriptor signature", patched(data, at, b"PKXX"))):
        write("z.zip", made)
        refused(what, bad, "zip", "z.zip")
    bare = data[:at] + data[at + 4:]
    where = bare.index(b"PK\1\2")
    bare = patched(bare, bare.index(b"PK\5\6") + 16, struct.pack("<I", where))
    second = bare.index(b"PK\3\4", 4)
    write("z.zip", patched(bare, bare.index(b"PK\1\2", where + 4) + 42, struct.pack("<I", second)))
    good("descriptor without a signature", "zip", "z.zip", ["file 100 a", "file 1 b"])


def encrypted():
    write("s", b"secret" * 10)
    run("zip", "-q", "-P", "x", "e.zip", "s")
    refused("zip -P", "archive.encrypted", "zip", "e.zip")


CORPUS = {
    "abs-slip": ("archive.path-absolute",), "dotdot-slip": ("archive.path-parent",),
    "backslash-slip": ("archive.path-parent", "archive.path-absolute", "name.reserved"),
}


def corpus():
    folder = os.environ.get("WEIGHLOCK_CORPORA")
    if not folder:
        print("archive-slip: left out, WEIGHLOCK_CORPORA is not set")
        return
    folder = os.path.join(folder, "archive-slip")
    for name in sorted(os.listdir(folder)):
        base, _, kind = name.partition(".")
        kind = {"tar": "tar", "tar.gz": "tar-gzip", "zip": "zip"}.get(kind, "tar-gzip")
        if name == "README.md":
            continue
        lines = probe("unpack", kind, os.path.join(folder, name))
        got = findings(lines)
        if not name.endswith((".tar", ".tar.gz", ".zip")):
            expect(name, got, ["archive.filter"], lines)
        elif base in CORPUS:
            expect(name, len(got) == 1 and got[0] in CORPUS[base], True, lines)
        else:
            # readonly-slip leads nowhere: its members only have modes, which are never applied
            expect(name, len(got), 0 if base == "readonly-slip" else 1, lines)


for part in (good_ones, names, kinds, duplicates, sparse, limits, bombs, formats, tar_damage, tar_structure,
             zip_structure, encrypted, corpus):
    part()
finish()
