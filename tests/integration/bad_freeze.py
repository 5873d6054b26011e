#!/usr/bin/python3
"""Stops a process at the very moment when the ledger takes an entry that holds a text and all of some words.

usage: bad_freeze.py LEDGER-FOLDER TEXT WORDS PID    (what lies there already does not count)
"""
import os
import signal
import sys
import time

folder, first, second, pid = sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode(), int(sys.argv[4])


def files():
    for where, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(where, name)


def entries(path):
    try:
        with open(path, "rb") as f:
            return set(f.read().split(b'{"actor"'))
    except OSError:
        return set()


def wanted(chunk):
    return first in chunk and all(word in chunk for word in second.split())


journal = [p for p in files() if "/.state/" in p and "journal" in os.path.basename(p)]
if not journal:
    print("no journal in", folder, sorted(files()))
    sys.exit(1)
known = {p: entries(p) for p in journal}
print("ready", journal, flush=True)
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    for path in journal:
        if any(wanted(e) for e in entries(path) - known[path]):
            os.kill(pid, signal.SIGSTOP)
            print("stopped", flush=True)
            sys.exit(0)
    time.sleep(0.0005)
print("never came")
