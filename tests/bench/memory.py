#!/usr/bin/env python3
"""Peaks of memory (VmHWM) of every program that runs out of a folder, until TERM.

memory.py FOLDER      prints `peak NAME KIB` per program, the largest of all its processes
"""
import os, signal, sys, time

stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
prefix, peaks = sys.argv[1] + "/", {}


def peak(pid):
    with open("/proc/%s/status" % pid) as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


while not stop:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = os.readlink("/proc/%s/exe" % pid)
            if program.startswith(prefix):
                name = os.path.basename(program)
                peaks[name] = max(peaks.get(name, 0), peak(pid))
        except OSError:
            continue  # it has ended
    time.sleep(0.005)
for name in sorted(peaks):
    if name != "weighlock":
        print("peak", name, peaks[name])
