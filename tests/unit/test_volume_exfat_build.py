#!/usr/bin/env python3
"""exFAT volumes that ours built: clean for fsck.exfat, equal for a plain reader (exfat_read.py) and
for our own, the same bytes twice, of every size.

usage: test_volume_exfat_build.py [VOLUME_TOOL]      (exit 77 where a tool is missing)
"""
import hashlib
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import exfat_read  # noqa: E402
from volume_lib import MIB, check, expected, listed, main, run, tool  # noqa: E402

TOOLS = ["mkfs.exfat", "fsck.exfat", "sfdisk"]


def copy_behind(image, part, start):
    """What lies behind `start`, holes left holes."""
    end = os.path.getsize(image)
    with open(image, "rb") as a, open(part, "wb") as b:
        b.truncate(end - start)
        at = start
        while at < end:
            try:
                at = os.lseek(a.fileno(), at, os.SEEK_DATA)
            except OSError:  # only holes are left
                break
            hole = os.lseek(a.fileno(), at, os.SEEK_HOLE)
            os.lseek(b.fileno(), at - start, os.SEEK_SET)
            while at < hole:
                at += os.sendfile(b.fileno(), a.fileno(), at, hole - at)


def fsck(image, start=0):
    """fsck.exfat over the partition alone: clean, with nothing to mend."""
    part = image
    if start:
        part = "part.img"
        copy_behind(image, part, start)
    out = run("fsck.exfat", "-n", part)
    check("clean" in out and "orrupt" not in out and "ERROR" not in out, out)
    if start:
        os.remove(part)
    return out


def build(image, size, files, time=1795000000, expect=0):
    with open(image, "wb") as f:
        f.truncate(size)
    with open("list", "w", encoding="utf-8") as f:
        for i, (path, data) in enumerate(files.items()):
            name = data if isinstance(data, str) else f"content{i}"
            if not isinstance(data, str):
                with open(name, "wb") as c:
                    c.write(data)
            f.write(f"{path}\t{name}\n")
    return run(tool, "build", image, "list", str(time), "0x11223344", "0x55667788", "exfat",
               expect=expect)


def some_files(rng):
    files = {"UPDATE.BIN": rng.randbytes(3 * MIB + 17), "update.sig": b"x", "EMPTY.TXT": b""}
    files["Répertoire long/sous-dossier/日本語.txt"] = rng.randbytes(600)
    files["DIR/sub/AGAIN.BIN"] = rng.randbytes(512)
    for i in range(300):
        files[f"many/a rather long name {i}.dat"] = rng.randbytes(rng.randrange(900))
    return files


def compare_built(image, files):
    got = exfat_read.read(image, MIB)
    folders = {p.rsplit("/", k)[0] for p in files for k in range(1, p.count("/") + 1)}
    check(set(got) == set(files) | folders, str(set(got) ^ (set(files) | folders)))
    for path, data in files.items():
        check(got[path] == data, f"another reader finds other bytes in {path}")
    check(listed(image) == expected(files, folders), "ours reads it otherwise")


def test_built_volume_is_clean():
    files = some_files(random.Random(1))
    words = build("b.img", 300 * MIB + 12345, files).split()
    data = open("b.img", "rb").read(int(words[3]))
    check(hashlib.sha256(data).hexdigest() == words[1], "volume_sha256")
    check(hashlib.sha256(data[:4 * MIB]).hexdigest() == words[2], "head_sha256")
    out = fsck("b.img", MIB)
    check("directories 6, files 305" in out, out)  # the root counts
    table = run("sfdisk", "-d", "b.img")
    check("start=        2048" in table and "type=7" in table, table)
    check("label-id: 0x11223344" in table, table)
    compare_built("b.img", files)


def test_built_twice_is_the_same():
    files = some_files(random.Random(2))
    a = build("a.img", 64 * MIB, files)
    b = build("b.img", 64 * MIB, files)
    check(a == b and open("a.img", "rb").read() == open("b.img", "rb").read(), "bytes differ")


def test_sizes():
    for mib in (16, 256, 257, 8192, 32768, 32769, 200000):
        files = {"UPDATE.BIN": b"abc", "D/E": b"f"}
        build("s.img", mib * MIB, files)
        fsck("s.img", MIB)
        compare_built("s.img", files)
    out = build("s.img", 1 * MIB, {}, expect=1)
    check(out.startswith("refused destination.too-small "), out)
    out = build("s.img", 16 * MIB, {"A": bytes(16 * MIB)}, expect=1)
    check(out.startswith("refused destination.too-small "), out)
    os.remove("s.img")


def test_more_than_4_gib():
    if not os.environ.get("WL_LONG"):
        print("       skipped without WL_LONG: it writes 4 GiB (test_volume_layout plans one)")
        return
    """What exFAT is for: a file FAT32 cannot hold (a sparse one: its bytes are not looked at)."""
    with open("large", "wb") as f:
        f.truncate((4 << 30) + 5)
        f.seek((4 << 30) - 4)
        f.write(b"across it")
    out = build("b.img", 5 << 30, {"LARGE.WIM": "large"})  # written whole: 4 GiB of zeros
    check(out.startswith("built "), out)
    fsck("b.img", MIB)
    line = [x for x in run(tool, "list", "b.img").splitlines() if x.endswith("LARGE.WIM")]
    check(line and line[0].split()[1] == str((4 << 30) + 5), str(line))
    os.remove("b.img")
    os.remove("large")


sys.exit(main(TOOLS, globals()))
