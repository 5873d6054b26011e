#!/usr/bin/python3
"""Holds a process from the moment when the ledger has an entry with a text and all of some words.

usage: bad_freeze.py LEDGER-FOLDER TEXT WORDS PID    (what lies there already does not count)

For the two states in which no worker has a medium open (else hold_worker.py): every thread of the
process is traced, and at each of its system calls it stands still until the ledger's journal was
read. Whatever would lead the station out of the state that the entry begins needs a system call of
this process after the entry is durable, so it is held in time on a machine of any speed. It is let
go of when this program ends (a signal, or 240 s); a kill -9 reaches it all the same.
"""
import ctypes
import os
import re
import signal
import sys

PTRACE_SYSCALL, PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_LISTEN = 24, 0x4206, 0x4207, 0x4208
EVENT_STOP, TRACESYSGOOD, TRACECLONE, WALL, PATIENCE = 128, 1, 8, 0x40000000, 240
BLOCK, TAG = 512, 8  # the journal's blocks, and what stands before the record's bytes in each

journal = os.path.join(sys.argv[1], ".state/journal")
wanted, pid = [word.encode() for word in [sys.argv[2]] + sys.argv[3].split()], int(sys.argv[4])
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, tid, data=0):
    if libc.ptrace(request, tid, None, data) < 0:
        wrong = ctypes.get_errno()
        raise OSError(wrong, f"ptrace {request:#x} of {tid}: {os.strerror(wrong)}")


def read_journal():
    """As it lies: it has one size for ever, and its time is no finer than a tick, so neither tells."""
    with open(journal, "rb") as f:
        return f.read()


def entries(raw):
    """Number and text of every entry. What an older, longer record left behind the last one is no
    part of it: each entry is taken by the length that stands before it."""
    raw = raw.rstrip(b"\0")
    text = b"".join(raw[i + TAG:i + BLOCK] for i in range(0, len(raw), BLOCK))
    for begin in re.finditer(rb'(..)\{"actor"', text, re.DOTALL):
        entry = text[begin.end(1):begin.end(1) + int.from_bytes(begin[1], "big")]
        number = re.search(rb'"seq":(\d+),', entry)
        if number and entry.endswith(b"}"):
            yield int(number[1]), entry


seen = read_journal()
newest = max((n for n, _ in entries(seen)), default=-1)


def came():
    global seen
    raw = read_journal()
    if raw == seen:
        return False
    seen = raw
    return any(n > newest and all(word in e for word in wanted) for n, e in entries(raw))


def go_on(tid, status):
    stopped_by, event = os.WSTOPSIG(status), status >> 16
    if event == EVENT_STOP and stopped_by == signal.SIGSTOP:
        return ptrace(PTRACE_LISTEN, tid)
    signalled = not event and stopped_by != signal.SIGTRAP | 0x80
    ptrace(PTRACE_SYSCALL, tid, stopped_by if signalled else 0)


def held(threads):
    """Goes on from stop to stop until the entry is there and every thread stands still; False where
    the process ended first."""
    still = set()
    while threads - still:
        tid, status = os.waitpid(-1, WALL)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            threads.discard(tid)
            if tid == pid:
                return False
            continue
        threads.add(tid)  # a thread that began meanwhile is traced from its first step
        if still:
            still.add(tid)
        elif came():
            still.add(tid)
            for other in threads - still:
                ptrace(PTRACE_INTERRUPT, other)
        else:
            go_on(tid, status)
    return True


def too_late(*_):
    print("never came, or nobody let it go", flush=True)
    os._exit(1)


signal.signal(signal.SIGALRM, too_late)
signal.alarm(PATIENCE)
tids = {int(tid) for tid in os.listdir(f"/proc/{pid}/task")}
for each in tids:
    ptrace(PTRACE_SEIZE, each, TRACESYSGOOD | TRACECLONE)
    ptrace(PTRACE_INTERRUPT, each)
print("ready", flush=True)
if held(tids):
    print("stopped", flush=True)
    while tids:  # until it is killed: its parent hears of that after its tracer
        ended, how = os.waitpid(-1, WALL)
        if os.WIFEXITED(how) or os.WIFSIGNALED(how):
            tids.discard(ended)
print("the process ended", flush=True)
