#!/usr/bin/python3
"""Holds a process from the moment when the ledger has an entry with a text and all of some words.

usage: bad_freeze.py LEDGER-FOLDER TEXT WORDS PID    (what lies there already does not count)

The process is traced: at each of its system calls it stands still until the ledger was looked at.
Whatever would lead the station out of the state that the entry begins needs a system call of this
process after the entry is durable, so it is held in time on a machine of any speed. It is let go of
when this program ends (a signal, or 240 s); a kill -9 reaches it all the same.
"""
import ctypes
import os
import re
import signal
import sys

PTRACE_SYSCALL, PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_LISTEN = 24, 0x4206, 0x4207, 0x4208
PTRACE_EVENT_STOP, TRACESYSGOOD, WALL, PATIENCE = 128, 1, 0x40000000, 240

folder, first, second, pid = sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode(), int(sys.argv[4])
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, data=0):
    if libc.ptrace(request, pid, None, data) < 0:
        wrong = ctypes.get_errno()
        raise OSError(wrong, f"ptrace {request:#x} of {pid}: {os.strerror(wrong)}")


def ledger_files():
    """The journal, and the entry bundles, the newest first."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            if "/tile/entries" in where or ("/.state" in where and "journal" in name):
                path = os.path.join(where, name)
                try:
                    about = os.stat(path)
                except OSError:
                    continue
                found.append((about.st_mtime_ns, about.st_size, path))
    return sorted(found, reverse=True)


def entries(path):
    """Number and text of every entry in a file of the ledger."""
    try:
        with open(path, "rb") as f:
            text = f.read()
    except OSError:
        return
    for entry in text.split(b'{"actor"'):
        number = re.search(rb'"seq":(\d+),', entry)
        if number:
            yield int(number[1]), entry


def newest():
    return max((n for _, _, path in ledger_files() for n, _ in entries(path)), default=-1)


looked_at = None


def came(after):
    global looked_at
    now = ledger_files()
    if now == looked_at:
        return False
    looked_at = now
    return any(n > after and first in e and all(word in e for word in second.split())
               for _, _, path in now[:4] for n, e in entries(path))


def held(after):
    """Goes on from stop to stop until the entry is there; False where the process ended first."""
    while True:
        _, status = os.waitpid(pid, WALL)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return False
        if came(after):
            return True
        stopped_by, event = os.WSTOPSIG(status), status >> 16
        if event == PTRACE_EVENT_STOP and stopped_by == signal.SIGSTOP:
            ptrace(PTRACE_LISTEN)
            continue
        signalled = not event and stopped_by != signal.SIGTRAP | 0x80
        ptrace(PTRACE_SYSCALL, stopped_by if signalled else 0)


def too_late(*_):
    print("never came, or nobody let it go", flush=True)
    os._exit(1)


signal.signal(signal.SIGALRM, too_late)
signal.alarm(PATIENCE)
ptrace(PTRACE_SEIZE, TRACESYSGOOD)
ptrace(PTRACE_INTERRUPT)
known = newest()
print("ready", flush=True)
if held(known):
    print("stopped", flush=True)
    os.waitpid(pid, WALL)  # until it is killed: its parent hears of that after its tracer
print("the process ended", flush=True)
