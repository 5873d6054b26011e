#!/usr/bin/env python3
"""NTFS volumes made by mkntfs and libntfs-3g (make_ntfs), read by ours and by 7z or ntfscat: equal,
also compressed, with holes, in pieces and in deep folders; streams, links, encrypted files are
listed and refused; what steers the reader is spoiled, and the volume then refused or read the same.

usage: test_volume_ntfs.py [VOLUME_TOOL MAKE_NTFS [VOLUMES]]    (exit 77 where a tool is missing)
"""
import hashlib
import os
import random
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from volume_lib import MIB, check, escape, every, listed, main, random_volumes, sums, tool  # noqa: E402

TOOLS = ["mkntfs", "ntfscat"]
make = os.path.abspath(sys.argv[2] if len(sys.argv) > 2 else "tests/unit/make_ntfs")
volumes = random_volumes(3)


class Volume:
    """Commands for make_ntfs, and what must come out."""

    def __init__(self, size=24 * MIB, cluster=4096, label="STICK"):
        with open("n.img", "wb") as f:
            f.truncate(size)
        subprocess.run(["mkntfs", "-F", "-q", "-Q", "-c", str(cluster), "-L", label, "n.img"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.lines, self.want, self.bodies = [], {}, {}

    def source(self, data):
        name = f"source{len(self.lines)}"
        with open(name, "wb") as f:
            f.write(data)
        return name

    def say(self, *fields):
        self.lines.append("\t".join(fields))

    def folder(self, path, kind="dir"):
        self.say(kind, path)
        self.want[escape(path)] = ["folder", "0"]

    def file(self, path, data):
        self.say("file", path, self.source(data))
        self.keep(path, data)

    def keep(self, path, data):
        self.bodies[path] = data
        self.want[escape(path)] = [hashlib.sha256(data).hexdigest(), str(len(data))]

    def append(self, path, data):
        self.say("append", path, self.source(data))
        self.keep(path, self.bodies[path] + data)

    def make(self):
        p = subprocess.run([make, "n.img"], input="\n".join(self.lines).encode() + b"\n",
                           capture_output=True, timeout=120)
        check(p.returncode == 0, f"make_ntfs: {p.stderr.decode()}")


def ntfscat(path):
    return subprocess.run(["ntfscat", "-f", "n.img", "/" + path], capture_output=True,
                          check=True).stdout


def fill(v, rng):
    folders = ["Dossier é", "Dossier é/二"]
    for i in range(rng.randrange(1, 13)):
        folders.append(folders[-1] + f"/d{i}")
    folders.append("packed")
    for f in folders:
        v.folder(f, "compressed" if f == "packed" else "dir")
    names = ["UPDATE.BIN", "small.txt", "no_extension", "a.b.c.d", "é à ü œ.txt", "日本語.bin",
             "😀.txt", "x" * 200] + [f"more {i}" for i in range(rng.randrange(30))]
    for name in names:
        path = rng.choice(["", *folders])
        data = rng.randbytes(rng.choice([0, 1, 500, 900, 4095, 4096, 70001, 300000]))
        if rng.random() < 0.5:  # something to compress
            data = bytes(b & 3 for b in data)
        v.file((path + "/" if path else "") + name, data)
    grown = [p for p in v.bodies if len(v.bodies[p]) > 1][:6]
    for _ in range(3):  # in turn, so that each lies in pieces
        for p in grown:
            v.append(p, rng.randbytes(rng.choice([1, 5000, 40000])))


def test_reads_what_the_library_wrote():
    for seed in range(volumes):
        rng = random.Random(seed)
        v = Volume(cluster=rng.choice([512, 1024, 4096, 4096]))
        fill(v, rng)
        v.make()
        lines, got = sums("n.img"), listed("n.img")
        check(lines[0] == "volume ntfs none STICK", lines[0])
        check(got == v.want, f"volume {seed} differs: "
              f"{[k for k in set(got) | set(v.want) if got.get(k) != v.want.get(k)][:5]}")
        for path in rng.sample(sorted(v.bodies), 4):
            check(ntfscat(path) == v.bodies[path], f"ntfscat reads {path} otherwise")
        if seed < 3 and shutil.which("7z"):
            shutil.rmtree("out", ignore_errors=True)
            subprocess.run(["7z", "x", "-y", "-oout", "n.img"], check=True,
                           stdout=subprocess.DEVNULL)
            for path, data in v.bodies.items():
                check(open("out/" + path, "rb").read() == data, f"7z reads {path} otherwise")


def test_holes_and_compression():
    v = Volume()
    v.say("hole", "HOLE.BIN", str(3 * MIB + 5))
    v.keep("HOLE.BIN", bytes(3 * MIB + 5))
    v.append("HOLE.BIN", b"the end")
    v.folder("packed", "compressed")
    v.file("packed/letters.txt", b"abcdefgh" * 40000)
    v.file("packed/noise.bin", random.Random(3).randbytes(200001))
    v.file("packed/both.bin", b"x" * 70000 + random.Random(4).randbytes(70000) + bytes(70000))
    v.make()
    check(listed("n.img") == v.want, "differs")
    info = subprocess.run(["ntfsinfo", "-f", "-F", "/packed/letters.txt", "n.img"],
                          capture_output=True).stdout.decode()
    check("COMPRESSED" in info, "the file was not compressed")


def refused(image="n.img"):
    return {line.split(" ", 2)[2]: line.split(" ")[1]
            for line in sums(image) if line.startswith("refused ")}


def test_what_is_listed_and_refused():
    v = Volume()
    v.folder("D")
    v.file("plain.txt", b"plain")
    v.file("two.txt", b"seen")
    v.say("stream", "two.txt", "Zone.Identifier", v.source(b"[ZoneTransfer]"))
    v.say("stream", "two.txt", "payload", v.source(bytes(100000)))
    v.say("stream", "D", "of a folder", v.source(b"1"))
    v.file("secret.txt", b"secret")
    v.say("attributes", "secret.txt", "4000")
    v.say("symlink", "away", "/etc/passwd")
    v.file("once.bin", bytes(5000))
    v.say("link", "once.bin", "twice.bin")
    v.make()
    got = refused()
    hard = [p for p in ("once.bin", "twice.bin") if p in got]
    check(len(hard) == 1 and got.pop(hard[0]) == "volume.link", str(got))
    want = {"two.txt%3AZone.Identifier": "volume.hidden-stream",
            "two.txt%3Apayload": "volume.hidden-stream",
            "D%3Aof a folder": "volume.hidden-stream", "secret.txt": "volume.file-encrypted",
            "away": "volume.link"}
    check(got == want, str(got))
    check(listed("n.img")["two.txt"] == v.want["two.txt"], "the file itself is delivered")


def test_dirty():
    v = Volume()
    v.say("dirty")
    v.make()
    out = sums("n.img", expect=1)[-1]
    check(out.startswith("refused volume.ambiguous "), out)


def outcome(good):
    p = subprocess.run([tool, "sums", "n.img"], capture_output=True, timeout=60)
    out = p.stdout.decode("utf-8", "backslashreplace").splitlines()
    if p.returncode == 1 and out and out[-1].startswith("refused "):
        return "refused"
    if p.returncode == 0 and out[1:] == good[1:]:
        return "same"
    if p.returncode == 0 and len(out) == len(good) and all(
            a == b or b.startswith("refused ") for a, b in zip(good, out)):
        return "refused"
    return f"{p.returncode} {[x for x in out if x not in good]} {p.stderr.decode()[:300]}"


def test_spoiled_bytes():
    """The boot sector and the records of the volume's own files and of two of ours."""
    v = Volume(size=4 * MIB)
    v.folder("D")
    v.file("D/plain.txt", b"plain")
    v.file("large.bin", bytes(range(256)) * 300)
    v.make()
    good = sums("n.img")
    data = open("n.img", "rb").read()
    cluster = struct.unpack_from("<H", data, 11)[0] * data[13]
    mft = struct.unpack_from("<Q", data, 48)[0] * cluster
    places = [range(0, 84)]
    for record in (0, 3, 5, 6, 10, 64, 65, 66):
        places.append(range(mft + record * 1024, mft + record * 1024 + 480))
    counts, odd = {"refused": 0, "same": 0}, []
    # names, times, security, update numbers may change what is shown or nothing: a changed byte
    # must not crash, hang, or change what a file holds
    step = max(1, 4000 // max(volumes, 1) // 80)
    for at in [i for p in places for i in p][::step * every]:
        changed = bytes([data[at] ^ (0x80, 0x01, 0xFF)[at % 3]])
        with open("n.img", "r+b") as f:
            f.seek(at)
            f.write(changed)
        got = outcome(good)
        if got in counts:
            counts[got] += 1
        else:
            odd.append((at, got))
        with open("n.img", "r+b") as f:
            f.seek(at)
            f.write(data[at:at + 1])
    crashed = [o for o in odd if not o[1].startswith(("0 ", "1 "))]
    check(not crashed, f"{len(crashed)}: {crashed[:3]}")
    check(min(counts["refused"], counts["same"]) > 50 // every, f"{counts} {odd[:3]}")
    print("      ", counts, "and shown otherwise:", len(odd))


sys.exit(main(TOOLS, globals()))
