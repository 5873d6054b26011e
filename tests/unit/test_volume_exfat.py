#!/usr/bin/env python3
"""exFAT against other people's tools: volumes made by mkfs.exfat and by hand (exfat_image.py, judged
by fsck.exfat) are read; hostile ones are refused by name; every byte of what steers the reader is
spoiled, and the volume then refused or read the same.

usage: test_volume_exfat.py [VOLUME_TOOL [VOLUMES]]      (exit 77 where a tool is missing)
"""
import os
import random
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import exfat_image  # noqa: E402
from volume_lib import MIB, check, every, expected, listed, main, random_volumes, run, sums, tool  # noqa: E402

TOOLS = ["mkfs.exfat", "fsck.exfat", "sfdisk"]
volumes = random_volumes(2)


def fsck(image, start=0):
    """fsck.exfat over the partition alone: clean, with nothing to mend."""
    part = image
    if start:
        part = "part.img"
        with open(part, "wb") as f:
            f.truncate(os.path.getsize(image) - start)
        run("dd", f"if={image}", f"of={part}", "bs=1M", f"skip={start // MIB}", "conv=sparse",
            "status=none")
    out = run("fsck.exfat", "-n", part)
    check("clean" in out and "orrupt" not in out and "ERROR" not in out, out)
    if start:
        os.remove(part)
    return out


def some_volume(rng, size=16 * MIB, start=0, sector=512, cluster=None):
    v = exfat_image.Volume(size, start, sector, cluster or rng.choice([512, 4096, 32768]), rng)
    folders = ["Dossier é", "Dossier é/二", "deep"]
    for i in range(rng.randrange(1, 13)):
        folders.append(folders[-1] + f"/d{i}")
    for f in folders:
        v.folder(f)
    names = ["UPDATE.BIN", "small.txt", "no_extension", "a.b.c.d", "fifteen letters",
             "sixteen letters.", "é à ü œ.txt", "日本語の名前.bin", "😀.txt", "x" * 255]
    names = [n.rstrip(".") + ("" if not n.endswith(".") else "x") for n in names]
    files = {}
    for i, name in enumerate(names + [f"more {i}" for i in range(rng.randrange(40))]):
        data = rng.randbytes(rng.choice([0, 1, 511, 512, 513, 4095, 4096, 4097, 70001, 200000]))
        path = rng.choice(["", *folders])
        path = (path + "/" if path else "") + name
        valid = rng.choice([None, None, len(data) // 2, 0])
        raw = data
        if valid is not None:
            data = data[:valid] + bytes(len(data) - valid)
        v.file(path, data, valid, pieces=rng.random() < 0.5, chained=rng.random() < 0.3, raw=raw)
        files[path] = data
        if rng.random() < 0.3:
            v.deleted((path.rpartition("/")[0] + "/").lstrip("/") + f"gone {i}")
    v.finish()
    return v, files, folders


def test_reads_what_is_made_by_hand():
    for seed in range(volumes):
        rng = random.Random(seed)
        sector = rng.choice([512, 512, 4096])
        v, files, folders = some_volume(rng, sector=sector, cluster=None if sector == 512 else 8192)
        v.write("a.img")
        fsck("a.img")
        check(sums("a.img")[0] == "volume exfat none STICK", sums("a.img")[0])
        got, want = listed("a.img"), expected(files, folders)
        check(got == want, f"volume {seed} differs: "
              f"{[k for k in set(got) | set(want) if got.get(k) != want.get(k)][:5]}")


def test_passes_over_what_may_be():
    """Records of others that say that they need not be understood (fsck.exfat knows none)."""
    v = exfat_image.Volume(2 * MIB, cluster=1024)
    v.file("ONE.BIN", b"one", benign=3)
    v.records[""].append(b"\xA0\2" + bytes(30) + (b"\xE1" + bytes(31)) * 2)
    v.file("TWO.BIN", b"two")
    v.finish()
    v.write("a.img")
    check(set(listed("a.img")) == {"ONE.BIN", "TWO.BIN"}, str(listed("a.img")))
    v = exfat_image.Volume(2 * MIB, cluster=1024)
    v.file("ONE.BIN", b"one", benign=1)
    data = bytearray(v.records[""][1])
    data[96] = 0xC2
    struct.pack_into("<H", data, 2, exfat_image.rotate_sum(bytes(data), 16, (2, 3)))
    v.records[""][1] = bytes(data)
    v.finish()
    v.write("a.img")
    check(sums("a.img", expect=1)[-1].startswith("refused volume.unknown "), "a critical one")


def test_reads_what_mkfs_made():
    for size, table in ((8 * MIB, False), (300 * MIB, True)):
        with open("a.img", "wb") as f:
            f.truncate(size)
        if not table:
            run("mkfs.exfat", "-L", "EMPTY", "a.img")
            check(sums("a.img") == ["volume exfat none EMPTY"], str(sums("a.img")))
            continue
        with open("p.img", "wb") as f:
            f.truncate(size - MIB)
        run("mkfs.exfat", "-L", "EMPTY", "p.img")
        subprocess.run(["sfdisk", "-q", "a.img"], input=b"label: dos\n2048,,7\n", check=True)
        run("dd", "if=p.img", "of=a.img", "bs=1M", "seek=1", "conv=sparse,notrunc", "status=none")
        check(sums("a.img") == ["volume exfat mbr EMPTY"], str(sums("a.img")))


def small():
    v = exfat_image.Volume(2 * MIB, cluster=1024)
    v.folder("SUB")
    v.file("ONE.BIN", bytes(range(256)) * 20)
    v.file("SUB/TWO.BIN", b"two" * 1000, chained=True)
    v.file("VALID.BIN", b"v" * 100 + bytes(5000), 100, raw=b"v" * 100 + b"deleted!" * 625)
    v.finish()
    return v


def spoiled(change, rule):
    v = small()
    change(v)
    v.write("h.img")
    out = sums("h.img", expect=1)[-1]
    check(out.startswith(f"refused {rule} "), f"expected {rule}: {out}")


def change_set(v, folder, number, **fields):
    """Another record for the file `number` of a folder, with its checksum made right."""
    values = dict(name="X.BIN", attributes=0x20, cluster=v.root_run[0], size=1024, valid=1024,
                  one_run=False)
    values.update(fields)
    data = bytearray(v.content[v.root_run[0]])
    at = 32 + number * 96
    data[at:at + 96] = exfat_image.file_set(**values)[:96]
    v.content[v.root_run[0]] = bytes(data)


def test_hostile_volumes():
    one = small().records[""]
    check(len(one[1]) == 96, "a set of three records")

    def fat(a, b):
        return lambda v: v.fat.__setitem__(a(v), b(v))
    two = [c for c in small().fat if c > 3][-8:]
    check(len(two) >= 3, str(two))
    chained = sorted(c for c in small().fat if c not in (0, 1))
    run2 = [c for c in chained if c not in small().map_run + small().upcase_run + small().root_run]
    spoiled(lambda v: v.fat.__setitem__(run2[-1], run2[0]), "volume.chain-loop")
    spoiled(lambda v: v.fat.__setitem__(run2[0], run2[0]), "volume.chain-loop")
    spoiled(lambda v: v.fat.__setitem__(run2[0], 0xFFFFFFFF), "volume.size-wrong")
    spoiled(lambda v: v.fat.__setitem__(run2[0], 0xFFFFFFF7), "volume.size-wrong")
    spoiled(lambda v: v.fat.__setitem__(run2[0], 0), "volume.size-wrong")
    spoiled(lambda v: v.fat.__setitem__(run2[0], 0x7FFFFFF), "volume.size-wrong")
    spoiled(lambda v: v.fat.__setitem__(v.root_run[-1], v.root_run[0]), "volume.chain-loop")
    spoiled(lambda v: change_set(v, "", 0), "volume.chain-crossed")
    spoiled(lambda v: change_set(v, "", 0, one_run=True, size=1 << 40, valid=0),
            "volume.size-wrong")
    spoiled(lambda v: change_set(v, "", 0, cluster=1900), "volume.size-wrong")
    spoiled(lambda v: change_set(v, "", 0, valid=1025), "volume.size-wrong")
    spoiled(lambda v: change_set(v, "", 0, size=0, valid=0), "volume.size-wrong")
    spoiled(lambda v: change_set(v, "", 0, cluster=0), "volume.size-wrong")
    spoiled(lambda v: change_set(v, "", 0, attributes=0x10), "volume.chain-crossed")
    spoiled(lambda v: change_set(v, "", 0, attributes=0x10, size=1000, valid=1000),
            "volume.size-wrong")
    spoiled(lambda v: change_set(v, "", 0, name="SUB", cluster=0, size=0, valid=0),
            "name.duplicate")
    spoiled(lambda v: change_set(v, "", 0, name="a/b", cluster=0, size=0, valid=0),
            "name.reserved")


def test_spoiled_map():
    """A file's cluster that the map gives as free; two maps; a table of letters that lies."""
    def free(v):
        data = bytearray(v.content[v.map_run[0]])
        data[0] = data[0] & 0x0F
        v.content[v.map_run[0]] = bytes(data)
    spoiled(free, "volume.size-wrong")

    def letters(v):
        data = bytearray(v.content[v.upcase_run[0]])
        data[4] ^= 1
        v.content[v.upcase_run[0]] = bytes(data)
    spoiled(letters, "volume.folder-bad")

    def root(change):
        def apply(v):
            data = bytearray(v.content[v.root_run[0]])
            change(data)
            v.content[v.root_run[0]] = bytes(data)
        return apply
    at = len(b"".join(small().records[""]))
    spoiled(root(lambda d: d.__setitem__(slice(at, at + 1), b"\x82")), "volume.size-wrong")
    spoiled(root(lambda d: d.__setitem__(slice(at, at + 1), b"\x01")), "volume.folder-bad")
    spoiled(root(lambda d: d.__setitem__(slice(at, at + 1), b"\x84")), "volume.unknown")
    spoiled(root(lambda d: d.__setitem__(slice(at, at + 1), b"\xC0")), "volume.folder-bad")


def test_boot_sectors():
    def boot(at, data, seal=True):
        def apply(v):
            made = v.boot

            def changed():
                b = bytearray(made())
                b[at:at + len(data)] = data
                return v.seal(b) if seal else bytes(b)
            v.boot = changed
        return apply
    for at, data, rule in ((72, struct.pack("<Q", 1 << 40), "volume.boot-bad"),
                           (80, struct.pack("<I", 23), "volume.boot-bad"),
                           (84, struct.pack("<I", 1), "volume.boot-bad"),
                           (88, struct.pack("<I", 1 << 30), "volume.boot-bad"),
                           (92, struct.pack("<I", 1 << 20), "volume.boot-bad"),
                           (92, struct.pack("<I", 0), "volume.boot-bad"),
                           (92, struct.pack("<I", 0xFFFFFFF5), "volume.unknown"),
                           (96, struct.pack("<I", 1), "volume.boot-bad"),
                           (96, struct.pack("<I", 5000), "volume.boot-bad"),
                           (104, struct.pack("<H", 0x0200), "volume.unknown"),
                           (108, b"\x08", "volume.boot-bad"), (108, b"\x0D", "volume.boot-bad"),
                           (109, b"\x1A", "volume.boot-bad"), (110, b"\x02", "volume.unknown"),
                           (110, b"\x00", "volume.unknown"), (20, b"\x01", "volume.boot-bad"),
                           (512 + 510, b"\0", "volume.boot-bad")):
        spoiled(boot(at, data), rule)
    spoiled(boot(200, b"x", seal=False), "volume.boot-bad")


def test_every_byte_spoiled():
    """Boot sectors, the FAT in use, both folders, map and letters: refused, or read the same."""
    v = small()
    v.write("s.img")
    good = sums("s.img")
    whole = open("s.img", "rb").read()
    places = [range(0, 128), range(504, 516), range(11 * 512, 11 * 512 + 4),
              range(v.fat_at, v.fat_at + 4 * v.next)]
    for c in (v.root_run[0], v.map_run[0]):
        places.append(range(v.place(c), v.place(c) + len(v.content[c])))
    places.append(range(v.place(v.upcase_run[0]), v.place(v.upcase_run[0]) + 64))
    refused = same = 0
    for at in [i for p in places for i in p][::every]:
        with open("s.img", "r+b") as f:
            f.seek(at)
            f.write(bytes([whole[at] ^ (0x80, 0x01, 0xFF)[at % 3]]))
        p = subprocess.run([tool, "sums", "s.img"], capture_output=True, timeout=60)
        out = p.stdout.decode("utf-8", "backslashreplace").splitlines()
        if p.returncode == 1 and out and out[-1].startswith("refused "):
            refused += 1
        elif p.returncode == 0 and out[1:] == good[1:]:
            same += 1
        else:
            raise AssertionError(f"byte {at}: {p.returncode} {out} {p.stderr}")
        with open("s.img", "r+b") as f:
            f.seek(at)
            f.write(whole[at:at + 1])
    check(refused > 300 // every and same > 0, f"{refused} refused, {same} the same")


sys.exit(main(TOOLS, globals()))
