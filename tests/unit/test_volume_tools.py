#!/usr/bin/env python3
"""The volume code against other people's tools: mkfs.fat and mtools make volumes that ours must
read the same, sfdisk, fsck.fat and mtools look at volumes that ours built. Also media patched to
be hostile on FAT16 and FAT32, which are too large to be made by hand in a unit test.

usage: test_volume_tools.py [VOLUME_TOOL]      (exit 77 where a tool is missing)
"""
import hashlib
import os
import random
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from volume_lib import MIB, check, escape, expected, listed, main, run, sums, tool  # noqa: E402

TOOLS = ["mkfs.fat", "fsck.fat", "mcopy", "mmd", "mdel", "mdir", "mlabel", "sfdisk"]
os.environ["MTOOLS_SKIP_CHECK"] = "1"
os.environ["MTOOLSRC"] = "/dev/null"


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def sparse(path, size):
    with open(path, "wb") as f:
        f.truncate(size)


def patch(path, offset, data):
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def make_image(name, size, bits, table, sector=512, cluster=0):
    """An empty volume by mkfs.fat; returns the image, mtools' name of it, and its offset."""
    sparse(name, size)
    mkfs = ["mkfs.fat", "-F", str(bits), "-S", str(sector), "--mbr=n"]
    if cluster:
        mkfs += ["-s", str(cluster)]
    if table:
        subprocess.run(["sfdisk", "-q", name], input=b"label: dos\n2048,,c\n", check=True)
        run(*mkfs, "--offset", "2048", name, str((size - MIB) // 1024))
        return name, name + "@@1M", MIB
    run(*mkfs, name)
    return name, name, 0


def fill(drive, rng):
    """Files of all sizes and names, some deleted in between so that others lie in pieces."""
    files, folders = {}, {"Dossier é": 0, "Dossier é/二": 0, "DEEP": 0}
    path = "DEEP"
    for i in range(14):
        path += f"/d{i}"
        folders[path] = 0
    for f in folders:
        run("mmd", "-i", drive, "::/" + f)
    names = ["UPDATE.BIN", "small.txt", "Mixed Case Name.dat", "no_extension", "a.b.c.d",
             "thirteen.text", "twenty-six characters.x.yz", "é à ü œ.txt", "日本語の名前.bin",
             "x" * 200 + ".long"]
    for i in range(60):
        names.append(f"fragment {i}.bin")
    for i, name in enumerate(names):
        size = rng.choice([0, 1, 511, 512, 513, 4095, 4096, 4097, 20000, 70001])
        data = rng.randbytes(size)
        folder = rng.choice(["", *folders]) if i < 11 else ""
        target = (folder + "/" if folder else "") + name
        write("src", data)
        run("mcopy", "-i", drive, "src", "::/" + target)
        files[target] = data
        if name.startswith("fragment") and i % 2:
            run("mdel", "-i", drive, "::/" + target)
            del files[target]
    data = rng.randbytes(700001)
    write("src", data)
    run("mcopy", "-i", drive, "src", "::/in pieces.bin")
    files["in pieces.bin"] = data
    return files, folders


def read_case(bits, size, table, **options):
    rng = random.Random(bits * 10 + table)
    image, drive, _ = make_image("a.img", size, bits, table, **options)
    run("mlabel", "-i", drive, "::STICK 1")
    files, folders = fill(drive, rng)
    lines = sums(image)
    check(lines[0] == f"volume fat{bits} {'mbr' if table else 'none'} STICK 1", lines[0])
    got = dict((" ".join(line.split(" ")[2:]), line.split(" ")[:2]) for line in lines[1:])
    expected = {escape(p): [hashlib.sha256(d).hexdigest(), str(len(d))] for p, d in files.items()}
    expected.update({escape(p): ["folder", "0"] for p in folders})
    check(got == expected, f"differs: {set(got) ^ set(expected)}")
    order = [" ".join(line.split(" ")[2:]) for line in lines[1:]]
    raw = sorted([*files, *folders], key=lambda p: p.encode())
    check(order == [escape(p) for p in raw], "not in the order of the bytes of the paths")
    # what mtools takes out again is the same
    for path, data in files.items():
        if os.path.exists("back"):
            os.remove("back")
        run("mcopy", "-i", drive, "::/" + path, "back")
        check(open("back", "rb").read() == data, f"mtools reads {path} otherwise")


def test_reads_what_mtools_wrote():
    read_case(12, 8 * MIB, False)
    read_case(12, 8 * MIB, True, cluster=8)
    read_case(16, 24 * MIB, False)
    read_case(16, 40 * MIB, True)
    read_case(32, 36 * MIB, False, cluster=1)
    read_case(32, 80 * MIB, True, cluster=1)
    read_case(16, 24 * MIB, False, sector=2048, cluster=1)
    read_case(32, 300 * MIB, False, sector=4096, cluster=1)


def test_superfloppy_with_its_own_table():
    sparse("a.img", 64 * MIB)
    run("mkfs.fat", "-F", "16", "--mbr=y", "a.img")
    check(sums("a.img")[0] == "volume fat16 none ", "mkfs.fat --mbr")


def fat_place(image, offset):
    """Where the first FAT and cluster 2 lie, from the boot sector."""
    with open(image, "rb") as f:
        f.seek(offset)
        b = f.read(512)
    sector, cluster, reserved, fats = struct.unpack_from("<HBHB", b, 11)
    entries, = struct.unpack_from("<H", b, 17)
    size = struct.unpack_from("<H", b, 22)[0] or struct.unpack_from("<I", b, 36)[0]
    fat = offset + reserved * sector
    return fat, size * sector, fat + fats * size * sector + entries * 32, cluster * sector


def set_entry(image, offset, bits, cluster, value, copies=(0, 1)):
    fat, size, _, _ = fat_place(image, offset)
    for copy in copies:
        patch(image, fat + copy * size + cluster * bits // 8,
              struct.pack("<H" if bits == 16 else "<I", value))


def hostile_case(bits, size, spoil, rule):
    image, drive, offset = make_image("h.img", size, bits, True, cluster=1)
    write("src", bytes(5000))
    run("mcopy", "-i", drive, "src", "::/ONE.BIN")
    run("mcopy", "-i", drive, "src", "::/TWO.BIN")
    spoil(image, offset, bits)
    out = sums(image, expect=1)[-1]
    check(out.startswith(f"refused {rule} "), f"expected {rule}: {out}")


def test_hostile_chains():
    end = {16: 0xFFFF, 32: 0x0FFFFFFF}
    first = {16: 2, 32: 3}  # ONE.BIN has 10 clusters, TWO.BIN the 10 behind it
    for bits, size in ((16, 24 * MIB), (32, 40 * MIB)):
        a = first[bits]
        cases = [
            (lambda i, o, b: set_entry(i, o, b, a + 9, a + 4), "volume.chain-loop"),
            (lambda i, o, b: set_entry(i, o, b, a + 4, a + 15), "volume.chain-crossed"),
            (lambda i, o, b: set_entry(i, o, b, a + 8, end[b]), "volume.size-wrong"),
            (lambda i, o, b: set_entry(i, o, b, a + 9, a + 25), "volume.size-wrong"),
            (lambda i, o, b: set_entry(i, o, b, a + 5, end[b] - 0x100), "volume.size-wrong"),
            (lambda i, o, b: set_entry(i, o, b, a + 5, 0), "volume.size-wrong"),
            (lambda i, o, b: set_entry(i, o, b, a + 5, end[b], copies=(1,)), "volume.ambiguous"),
        ]
        for spoil, rule in cases:
            hostile_case(bits, size, spoil, rule)
    # the root folder of FAT32 is a chain too
    hostile_case(32, 40 * MIB, lambda i, o, b: set_entry(i, o, b, 2, 2), "volume.chain-loop")
    hostile_case(32, 40 * MIB, lambda i, o, b: set_entry(i, o, b, 2, 3), "volume.chain-crossed")


def test_unmirrored_fat():
    """FAT32 may say that its second copy is the one in use."""
    image, drive, offset = make_image("h.img", 40 * MIB, 32, True, cluster=1)
    write("src", bytes(5000))
    run("mcopy", "-i", drive, "src", "::/ONE.BIN")
    set_entry(image, offset, 32, 5, 0, copies=(0,))
    check(sums(image, expect=1)[-1].startswith("refused volume.ambiguous "), "copies differ")
    patch(image, offset + 40, struct.pack("<H", 0x81))
    check(len(sums(image)) == 2, "second copy in use")


def test_impossible_claims():
    """A boot sector that claims 2 TiB, on a medium of 40 MiB and of 2; and a table that does."""
    image, _, offset = make_image("h.img", 40 * MIB, 32, True, cluster=1)
    patch(image, offset + 32, struct.pack("<I", 0xFFFFFFFF))
    check(sums(image, expect=1)[-1].startswith("refused volume.boot-bad "), "boot sector")
    with open(image, "r+b") as f:
        f.truncate(2 * MIB)
    check(sums(image, expect=1)[-1].startswith("refused volume.table-bad "), "table")
    # the same, where the medium itself says it is that large but holds nothing
    sparse("h.img", 500 * 1024 * MIB)
    subprocess.run(["sfdisk", "-q", "h.img"], input=b"label: dos\n2048,,c\n", check=True)
    check(sums("h.img", expect=1)[-1].startswith("refused volume.unknown "), "nothing there")
    run("mkfs.fat", "-F", "32", "-s", "128", "--offset", "2048", "h.img",
        str((500 * 1024 * MIB - MIB) // 1024))
    check(len(sums("h.img")) == 1, "a huge volume with no files")
    os.remove("h.img")


def gpt_image(lines):
    sparse("g.img", 64 * MIB)
    subprocess.run(["sfdisk", "-q", "g.img"], input=b"label: gpt\n" + lines, check=True)


def test_gpt():
    gpt_image(b"2048,\n")
    out = sums("g.img", expect=1)[-1]
    check(out.startswith("refused volume.unknown "), out)
    run("mkfs.fat", "-F", "32", "-s", "1", "--mbr=n", "--offset", "2048", "g.img",
        str(62 * 1024))
    write("src", bytes(5000))
    run("mcopy", "-i", "g.img@@1M", "src", "::/ONE.BIN")
    check([line.split()[:3] for line in sums("g.img")][0] == ["volume", "fat32", "gpt"], "GPT")
    gpt_image(b"2048,\n")
    whole = open("g.img", "rb").read()
    # every byte of both headers and of an entry in use: refused, or still the same volume
    run("mkfs.fat", "-F", "32", "-s", "1", "--mbr=n", "--offset", "2048", "g.img",
        str(62 * 1024))
    last = len(whole) - 512
    for base, n in ((512, 92), (1024, 128), (last, 92), (last - 32 * 512, 128)):
        for i in range(n):
            patch("g.img", base + i, bytes([whole[base + i] ^ 0x41]))
            out = sums("g.img", expect=1)[-1]
            check(out.startswith("refused volume.") and "GPT" in out, f"byte {base + i}: {out}")
            patch("g.img", base + i, whole[base + i:base + i + 1])
    check(len(sums("g.img")) == 1, "as before")


def test_gpt_of_several():
    gpt_image(b"2048,20480\n,\n")
    out = sums("g.img", expect=1)[-1]
    check(out.startswith("refused volume.several "), out)
    gpt_image(b"2048,2048,E3C9E316-0B5C-4DB8-817D-F92DF00215AE\n,\n")  # Windows reserves one
    run("mkfs.fat", "-F", "32", "-s", "1", "--mbr=n", "--offset", "4096", "g.img",
        str(61 * 1024))
    check(sums("g.img")[0].startswith("volume fat32 gpt"), "a reserved partition is none")
    gpt_image(b"")
    out = sums("g.img", expect=1)[-1]
    check(out.startswith("refused volume.none "), out)
    # a table that differs from the other copy of itself, both whole
    gpt_image(b"2048,20480\n")
    data = bytearray(open("g.img", "rb").read())
    gpt_image(b"2048,\n")
    other = open("g.img", "rb").read()
    data[-33 * 512:] = other[-33 * 512:]
    data[512 + 56:512 + 72] = other[512 + 56:512 + 72]  # the same disk
    data[512 + 16:512 + 20] = bytes(4)
    data[512 + 16:512 + 20] = struct.pack("<I", zlib.crc32(bytes(data[512:512 + 92])))
    write("g.img", bytes(data))
    out = sums("g.img", expect=1)[-1]
    check(out.startswith("refused volume.ambiguous "), out)


def build(image, size, files, time=1795000000, disk=0x11223344, volume=0x55667788, expect=0):
    sparse(image, size)
    with open("list", "w", encoding="utf-8") as f:
        for i, (path, data) in enumerate(files.items()):
            write(f"content{i}", data)
            f.write(f"{path}\tcontent{i}\n")
    return run(tool, "build", image, "list", str(time), hex(disk), hex(volume), expect=expect)


def fsck(image):
    """fsck.fat over the partition alone."""
    end = os.path.getsize(image)
    sparse("part.img", end - MIB)
    with open(image, "rb") as a, open("part.img", "r+b") as b:
        at = MIB
        while at < end:
            try:
                at = os.lseek(a.fileno(), at, os.SEEK_DATA)
            except OSError:  # only holes are left
                break
            hole = os.lseek(a.fileno(), at, os.SEEK_HOLE)
            os.lseek(b.fileno(), at - MIB, os.SEEK_SET)
            while at < hole:
                at += os.sendfile(b.fileno(), a.fileno(), at, hole - at)
    out = run("fsck.fat", "-n", "part.img")
    os.remove("part.img")
    words = ("differences", "dirty", "wrong", "bad", "invalid", "mismatch", "error", "unused")
    check(not any(w in out.lower() for w in words), out)
    return out


def some_files(rng):
    files = {"UPDATE.BIN": rng.randbytes(3 * MIB + 17), "update.sig": b"x", "EMPTY.TXT": b""}
    files["Répertoire long/sous-dossier/日本語.txt"] = rng.randbytes(600)
    files["DIR/sub/AGAIN.BIN"] = rng.randbytes(512)
    for i in range(300):
        files[f"many/a rather long name {i}.dat"] = rng.randbytes(rng.randrange(900))
    return files


def test_built_volume_is_clean():
    files = some_files(random.Random(1))
    size = 300 * MIB + 12345
    words = build("b.img", size, files).split()
    data = open("b.img", "rb").read(int(words[3]))
    check(hashlib.sha256(data).hexdigest() == words[1], "volume_sha256")
    check(hashlib.sha256(data[:4 * MIB]).hexdigest() == words[2], "head_sha256")
    out = fsck("b.img")
    check(f"{len(files) + 6} files" in out, out)  # five folders and the label
    table = run("sfdisk", "-d", "b.img")
    check("start=        2048" in table and "type=c" in table, table)
    check("label-id: 0x11223344" in table, table)
    listed = run("mdir", "-i", "b.img@@1M", "::/")
    check("WEIGHLOCK" in listed and "5566-7788" in listed, listed)
    check("2026-11-18  11:06" in listed, listed)  # 1795000000 in UTC
    check("UPDATE   SIG" in listed and "update.sig" in listed, listed)
    for path, content in files.items():
        if os.path.exists("back"):
            os.remove("back")
        run("mcopy", "-i", "b.img@@1M", "::/" + path, "back")
        check(open("back", "rb").read() == content, f"mtools reads {path} otherwise")
    ours = {line.split(" ", 2)[2]: line.split(" ", 2)[0] for line in sums("b.img")[1:]}
    for path, content in files.items():
        check(ours[escape(path)] == hashlib.sha256(content).hexdigest(), path)


def test_built_twice_is_the_same():
    files = some_files(random.Random(2))
    a = build("a.img", 40 * MIB, files)
    b = build("b.img", 40 * MIB, files)
    check(a == b, "digests differ")
    check(open("a.img", "rb").read() == open("b.img", "rb").read(), "bytes differ")
    c = build("b.img", 40 * MIB, files, disk=1)
    check(a != c, "the intent's number does not matter")


def test_sizes():
    """The steps of the cluster table, and the smallest medium, looked at by fsck.fat."""
    for mib, cluster in ((34, 1), (260, 1), (261, 8), (8192, 8), (8193, 16), (16385, 32),
                         (32769, 64)):
        build("s.img", mib * MIB, {"UPDATE.BIN": b"abc"})
        with open("s.img", "rb") as f:
            f.seek(MIB + 13)
            check(f.read(1)[0] == cluster, f"{mib} MiB: sectors per cluster")
        fsck("s.img")
        check(len(sums("s.img")) == 2, f"{mib} MiB: ours")
    out = build("s.img", 33 * MIB, {}, expect=1)
    check(out.startswith("refused destination.too-small "), out)
    check(open("s.img", "rb").read() == bytes(33 * MIB), "something was written")
    out = build("s.img", 34 * MIB, {"A": bytes(34 * MIB)}, expect=1)
    check(out.startswith("refused destination.too-small "), out)
    os.remove("s.img")


sys.exit(main(TOOLS, globals()))
