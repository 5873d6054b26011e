#!/usr/bin/python3
"""Stops the worker that reads or writes a stick, once it moved some bytes.

usage: hold_worker.py DEVICE|FOLDER rchar|wchar BYTES     prints its process number, and ends

So a state that lasts a tenth of a second on a fast disk lasts until `kill -CONT`: the stick can be
pulled, or a daemon killed, in the middle of reading or writing on a machine of any speed. Only the
worker stands still, no daemon; a kill -9 reaches it all the same. It is looked for every millisecond,
by the device that it has open, or a file of the folder (a transfer's, in the vault: who reads there
looks into it); its bytes are the kernel's count (/proc/PID/io). Gives up after 120 s.
"""
import contextlib
import os
import signal
import sys
import time

place, counter, wanted = sys.argv[1], sys.argv[2] + ":", int(sys.argv[3])
device = os.stat(place).st_rdev if place.startswith("/dev/") else None


def is_worker(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith("worker-")
    except OSError:
        return False


def is_at_work(pid):
    """A worker's zygote has the device open for a moment, too, and counts the bytes of its dead children
    as its own: were it stopped instead, its child would read on. Workers are forked from it."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            parent = f.read().rpartition(")")[2].split()[1]
    except OSError:
        return False
    return is_worker(pid) and is_worker(parent)


# What runs already and is no worker is not looked at again: the look must not last as long as the write.
others = {pid for pid in os.listdir("/proc") if pid.isdigit() and not is_worker(pid)}


def for_writing(pid, fd):
    with open(f"/proc/{pid}/fdinfo/{fd}") as f:
        flags = next(line.split()[1] for line in f if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY


def is_wanted(fd):
    if device is None:
        return os.readlink(fd).startswith(place + "/")
    return os.stat(fd).st_rdev == device


def has_open(pid):
    """And in the way that is waited for: a release reads the stick before it writes."""
    try:
        folder = f"/proc/{pid}/fd"
        return any(is_wanted(f"{folder}/{fd}") and for_writing(pid, fd) == (counter == "wchar:")
                   for fd in os.listdir(folder))
    except (OSError, StopIteration):
        return False


def moved(pid):
    try:
        with open(f"/proc/{pid}/io") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(counter))
    except (OSError, StopIteration):
        return 0


def find():
    for pid in os.listdir("/proc"):
        if pid.isdigit() and pid not in others and is_at_work(pid) and has_open(pid) and moved(pid) >= wanted:
            return int(pid)
    return 0


def stop(pid):
    """True where it stands still now, and has not let go of what it read or wrote meanwhile."""
    try:
        os.kill(pid, signal.SIGSTOP)
        while True:
            with open(f"/proc/{pid}/stat") as f:
                state = f.read().rpartition(")")[2].split()[0]
            if state in "TZX":
                break
            time.sleep(0.0005)
        if state == "T" and has_open(pid):
            return True
        os.kill(pid, signal.SIGCONT)
    except (OSError, IndexError):
        pass
    return False


with contextlib.suppress(OSError):
    os.setpriority(os.PRIO_PROCESS, 0, -10)  # to be in time where there is much else to do
print("ready", flush=True)
give_up = time.monotonic() + 120
while time.monotonic() < give_up:
    found = find()
    if found and stop(found):
        print(f"stopped {found}", flush=True)
        sys.exit(0)
    time.sleep(0.001)
print("nobody moved so much", flush=True)
sys.exit(1)
