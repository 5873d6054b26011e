#!/usr/bin/env python3
"""ISO 9660 images made by genisoimage and xorriso, read by ours and by bsdtar: equal, plain and with
Joliet and Rock Ridge; what two systems would read as two volumes is refused; every byte of the
descriptors and of a folder is spoiled, and the image then refused or read the same.

usage: test_volume_iso.py [VOLUME_TOOL [VOLUMES]]      (exit 77 where a tool is missing)
"""
import hashlib
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from volume_lib import check, escape, every, listed, main, random_volumes, sums, tool  # noqa: E402

TOOLS = ["genisoimage", "xorriso", "bsdtar"]
volumes = random_volumes(2)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def tree(rng, deep):
    """A folder `tree` and what it holds; every file different, as duplicates may share blocks."""
    shutil.rmtree("tree", ignore_errors=True)
    folders = ["Dossier é", "Dossier é/二"]
    for i in range(deep):
        folders.append(folders[-1] + f"/d{i}")
    files = {}
    names = ["UPDATE.BIN", "small.txt", "no_extension", "a.b.c.d", "é à ü œ.txt", "日本語.bin",
             "a name of more than thirty letters.txt"]
    for i, name in enumerate(names + [f"more {i}" for i in range(rng.randrange(60))]):
        size = rng.choice([0, 1, 2047, 2048, 2049, 70001])
        path = rng.choice(["", *folders])
        files[(path + "/" if path else "") + name] = rng.randbytes(size)
    for f in folders:
        os.makedirs("tree/" + f, exist_ok=True)
    for path, data in files.items():
        write("tree/" + path, data)
    want = {escape(p): [hashlib.sha256(d).hexdigest(), str(len(d))] for p, d in files.items()}
    want.update({escape(p): ["folder", "0"] for p in folders})
    return files, want


def image(*options):
    subprocess.run(["genisoimage", "-quiet", "-input-charset", "utf-8", "-V", "STICK", *options,
                    "-o", "i.img", "tree"], check=True, stderr=subprocess.DEVNULL)


def differences(want):
    got = listed("i.img")
    return [k for k in set(got) | set(want) if got.get(k) != want.get(k)]


def test_reads_what_others_wrote():
    for seed in range(volumes):
        rng = random.Random(seed)
        options = (["-J"], ["-R"], ["-J", "-R"])[seed % 3]
        files, want = tree(rng, rng.randrange(1, 5))
        image(*options)
        check(sums("i.img")[0] == "volume iso9660 none STICK", sums("i.img")[0])
        check(not differences(want), f"volume {seed}, {options}: {differences(want)[:5]}")
        shutil.rmtree("out", ignore_errors=True)
        os.mkdir("out")
        subprocess.run(["bsdtar", "-x", "-f", "i.img", "-C", "out"], check=True)
        for path, data in files.items():
            check(open("out/" + path, "rb").read() == data, f"bsdtar reads {path} otherwise")
        os.remove("i.img")
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-V", "STICK", *options, "-o",
                        "i.img", "tree"], check=True, stderr=subprocess.DEVNULL)
        check(not differences(want), f"xorriso's {seed}, {options}: {differences(want)[:5]}")


def test_plain_names():
    _, _ = tree(random.Random(1), 0)
    shutil.rmtree("tree")
    write("tree/SETUP.EXE", b"exe")
    write("tree/NOEXT", b"x")
    image()
    check(set(listed("i.img")) == {"SETUP.EXE", "NOEXT"}, str(listed("i.img")))


def test_deep_folders_are_moved_and_found():
    """Below eight folders Rock Ridge keeps a folder elsewhere; it is listed where it belongs."""
    _, want = tree(random.Random(7), 11)
    image("-R", "-J")
    check(not differences(want), str(differences(want)[:5]))
    image("-R")
    left = [k for k in differences(want) if k != "rr_moved"]
    check(not left, str(left[:5]))


def test_links_are_refused():
    tree(random.Random(2), 0)
    os.symlink("/etc/passwd", "tree/away")
    image("-R")
    lines = [x for x in sums("i.img") if x.startswith("refused ")]
    check(lines == ["refused volume.link away"], str(lines))


def test_two_trees_that_differ():
    tree(random.Random(3), 1)
    with open("hide", "w", encoding="utf-8") as f:
        f.write("tree/UPDATE.BIN\n")
    write("tree/UPDATE.BIN", b"for one system only")
    subprocess.run(["genisoimage", "-quiet", "-R", "-J", "-input-charset", "utf-8", "-hide-joliet",
                    "UPDATE.BIN", "-o", "i.img", "tree"], check=True, stderr=subprocess.DEVNULL)
    out = sums("i.img", expect=1)[-1]
    check(out.startswith("refused volume.ambiguous "), out)


def test_bridge_and_hybrid():
    tree(random.Random(4), 1)
    image("-J", "-udf")
    out = sums("i.img", expect=1)[-1]
    check(out.startswith("refused volume.ambiguous ") and "UDF" in out, out)
    image("-J")
    with open("i.img", "r+b") as f:  # a partition table in front, as of a bootable stick
        f.seek(446)
        f.write(bytes.fromhex("80000200170000000000000000100000"))
        f.seek(510)
        f.write(b"\x55\xAA")
    out = sums("i.img", expect=1)[-1]
    check(out.startswith("refused volume.ambiguous "), out)


def test_truncated():
    tree(random.Random(5), 1)
    image("-J")
    with open("i.img", "r+b") as f:
        f.truncate(os.path.getsize("i.img") - 512 * 1024)
    out = sums("i.img", expect=1)[-1]
    check(out.startswith("refused volume.boot-bad "), out)


def test_every_byte_spoiled():
    shutil.rmtree("tree", ignore_errors=True)
    write("tree/SUB/ONE.BIN", b"one" * 1000)
    write("tree/TWO.BIN", b"two" * 1000)
    for options in (["-R"], ["-J", "-R"]):
        image(*options)
        good = sums("i.img")
        data = open("i.img", "rb").read()
        places = [range(16 * 2048, 16 * 2048 + 200), range(17 * 2048, 17 * 2048 + 200)]
        root = int.from_bytes(data[16 * 2048 + 158:16 * 2048 + 162], "little")
        places += [range(root * 2048, root * 2048 + 700)]
        same = refused = odd = 0
        for at in [i for p in places for i in p][::every]:
            with open("i.img", "r+b") as f:
                f.seek(at)
                f.write(bytes([data[at] ^ (0x80, 0x01, 0xFF)[at % 3]]))
            p = subprocess.run([tool, "sums", "i.img"], capture_output=True, timeout=60)
            out = p.stdout.decode("utf-8", "backslashreplace").splitlines()
            if p.returncode == 1 and out and out[-1].startswith("refused "):
                refused += 1
            elif p.returncode == 0 and out[1:] == good[1:]:
                same += 1
            elif p.returncode == 0:  # ISO 9660 has no checksums: a name may be another now
                odd += 1
                mine = {x.split(" ")[0] for x in out[1:]} - {"folder", "refused"}
                check(mine <= {x.split(" ")[0] for x in good[1:]}, f"byte {at}: other contents")
            else:
                raise AssertionError(f"byte {at}: {p.returncode} {out} {p.stderr}")
            with open("i.img", "r+b") as f:
                f.seek(at)
                f.write(data[at:at + 1])
        check(refused > 80 // every and same > 80 // every, f"{refused} refused, {same} same, {odd} other names")


sys.exit(main(TOOLS, globals()))
