#!/usr/bin/env python3
"""What the tests of `scrub` share: running it over a folder of files, and saying how a check went.

Run in the build folder, or with WL_BUILD set; needs no root.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("WL_BUILD", "."))
failed = False


def expect(what, good, detail=""):
    global failed
    print("ok    " + what if good else "FAIL  %s: %s" % (what, detail))
    failed |= not good


def finish():
    sys.exit(1 if failed else 0)


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            print("skipped: no %s on this machine (packaging/packages names it)" % tool)
            sys.exit(77)


class Folder:
    """A folder that goes away; files by name."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="wl-scrub-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def put(self, name, data):
        os.makedirs(os.path.dirname(self / name), exist_ok=True)
        with open(self / name, "wb") as f:
            f.write(data)
        return self / name

    def get(self, name):
        with open(self / name, "rb") as f:
            return f.read()


def weighlock(*words, **how):
    env = dict(os.environ, WEIGHLOCK_WORKERS=BUILD + "/daemon/worker",
               WEIGHLOCK_SPAWND=BUILD + "/daemon/spawn/weighlock-spawnd", WEIGHLOCK_LOCALES=BUILD + "/po",
               LC_ALL="C.UTF-8")
    env.update(how.pop("env", {}))
    return subprocess.run([BUILD + "/client/weighlock", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=env, **how)


def scrub(out, *paths, options=()):
    """(exit status, [objects]) of scrub --json."""
    r = weighlock("scrub", "--json", "-o", out, *options, *paths)
    return r.returncode, [json.loads(line) for line in r.stdout.splitlines()]


def scrub_files(files, options=()):
    """files: {name: bytes}. ({name: [objects]}, {output name: bytes}) of one run over them."""
    with Folder() as f:
        for name, data in files.items():
            f.put("in/" + name, data)
        status, rows = scrub(f / "out", f / "in", options=options)
        assert status in (0, 1), (status, rows)
        result = {}
        for row in rows:
            result.setdefault(os.path.relpath(row["source"], f / "in"), []).append(row)
        outputs = {name: f.get("out/" + name) for name in sorted(os.listdir(f / "out"))}
    return result, outputs
