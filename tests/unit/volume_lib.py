"""What the tests of volumes against other people's tools share: the tool under test, what it says of an
image, and a main that runs every test_* of a module. Each test raises where something is wrong."""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

MIB = 1 << 20
os.environ["PATH"] += ":/usr/sbin:/sbin"
os.environ["LC_ALL"] = "C.UTF-8"
tool = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "tests/unit/volume_tool")
# a program that takes long to start, as one with sanitizers does, is given every n-th spoiled byte
every = int(os.environ.get("WL_SPOIL_EVERY", "1"))


def random_volumes(argument):
    """How many random volumes: the argument of that number, WL_VOLUMES, or 15."""
    return int(sys.argv[argument] if len(sys.argv) > argument else os.environ.get("WL_VOLUMES", "15"))


def run(*argv, expect=0):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    out = p.stdout.decode("utf-8", "backslashreplace")
    if expect is not None and p.returncode != expect:
        raise AssertionError(f"{' '.join(argv)}: {p.returncode}\n{out}")
    return out


def check(condition, words):
    if not condition:
        raise AssertionError(words)


def escape(path):
    keep = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/()+,=@ ")
    return "".join(chr(b) if b in keep else f"%{b:02X}" for b in path.encode())


def sums(image, expect=0):
    """The lines of what ours reads there: the volume, then SHA256 SIZE PATH; errors go elsewhere."""
    p = subprocess.run([tool, "sums", image], stdout=subprocess.PIPE, timeout=120)
    out = p.stdout.decode("utf-8", "backslashreplace")
    check(p.returncode == expect, f"{p.returncode}: {out[-500:]}")
    return out.splitlines()


def listed(image):
    return {" ".join(line.split(" ")[2:]): line.split(" ")[:2] for line in sums(image)[1:]}


def expected(files, folders):
    want = {escape(p): [hashlib.sha256(d).hexdigest(), str(len(d))] for p, d in files.items()}
    want.update({escape(p): ["folder", "0"] for p in folders})
    return want


def main(needed, tests):
    """Runs every test_* of `tests` in a folder of its own; 77 where a tool that is needed is missing."""
    missing = [t for t in needed if not shutil.which(t)]
    if missing:
        print("missing:", " ".join(missing))
        return 77
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, test in sorted(tests.items()):
            if not name.startswith("test_"):
                continue
            try:
                test()
                print("ok   ", name)
            except (AssertionError, subprocess.SubprocessError) as e:
                failures += 1
                print("FAIL ", name, e)
        os.chdir("/")
    return 1 if failures else 0
