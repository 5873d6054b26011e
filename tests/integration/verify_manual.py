#!/usr/bin/env python3
"""weighlock-verify(1) against the program: every kind of finding is explained and no other, every option
is told, and the three commands without the program do what the page says, on a good ledger and on
changed ones. Needs python3 and openssl, no root. WEIGHLOCK_VERIFY names the program."""
import os, re, subprocess, sys, tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import make_ledger as ml
from make_story import Story

VERIFY = os.path.abspath(os.environ.get("WEIGHLOCK_VERIFY", "./weighlock-verify"))
failed = 0


def say(good, what, detail=""):
    global failed
    failed |= not good
    print(("ok   " if good else "FAIL ") + what + ("" if good else ": %s" % (detail,)))


def read(name):
    with open(os.path.join(HERE, "../..", name), encoding="utf-8") as f:
        return f.read()


def commands(page):
    """The literal blocks of the last part, as a reader would copy them."""
    part = page[page.index(".Ss Three commands"):]
    return [b.replace("\\e", "\\") for b in re.findall(r"\.Bd -literal[^\n]*\n(.*?)\.Ed", part, re.S)]


def sh(text, folder):
    return subprocess.run(["sh", "-c", text], cwd=folder, capture_output=True, text=True)


page = read("docs/weighlock-verify.1")
kinds = set(re.findall(r'^FINDING\(\w+, "([^"]+)"', read("verify/findings.def"), re.M))
told = set(re.findall(r"^\.It Ic ([a-z]+-[a-z-]+|rollback|fork|succeeds|ended|unreadable)$", page, re.M))
say(kinds == told, "every kind of finding is explained", sorted(kinds ^ told))
explained = subprocess.run([VERIFY, "explain"], capture_output=True, text=True).stdout
say({x.split()[0] for x in explained.splitlines()} == kinds, "and by `explain`")
usage = subprocess.run([VERIFY], capture_output=True, text=True).stderr
options = set(re.findall(r"^  (--[a-z-]+)", usage, re.M))
say(options == {"--" + o for o in re.findall(r"^\.It Fl -([a-z-]+)", page, re.M)}, "every option is told")
signature, root, lists = commands(page)
with tempfile.TemporaryDirectory() as d:
    for size in (1, 2, 255, 256, 257, 600):
        s = Story().begin()
        if size < 4:
            del s.entries[size:]
        while len(s.entries) < size:
            s.add("call.denied", {"method": "Release", "rule": "person.unknown"}, actor="uid:9")
        folder = os.path.join(d, str(size))
        s.write(folder)
        say(sh(signature, folder).returncode == 0, "the signature of %d entries" % size)
        out = sh(root, folder).stdout
        say(" is the root" in out, "the root of %d entries" % size, out)
        say(sh(lists, folder).returncode == 0, "the lists of files")
    ml.flip(folder, "tile/entries/001")
    say(" is the root" not in sh(root, folder).stdout, "a changed entry has another root")
    name = os.path.join(folder, "manifests", os.listdir(os.path.join(folder, "manifests"))[0])
    open(name, "ab").write(b"\n")
    say(sh(lists, folder).returncode != 0, "a changed list is found")
    path = os.path.join(folder, "checkpoint")
    text = open(path, "rb").read()
    open(path, "wb").write(text.replace(b"\n600\n", b"\n601\n"))
    say(sh(signature, folder).returncode != 0, "a changed size is found")
sys.exit(failed)
