#!/usr/bin/env python3
"""Runs a command and adds one line to FILE: seconds it took, seconds of processor, peak of memory in KiB.

    measure.py FILE COMMAND...
"""
import resource, subprocess, sys, time

start = time.monotonic()
status = subprocess.run(sys.argv[2:]).returncode
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "a", encoding="utf-8") as f:
    f.write("%.3f %.3f %d\n" % (wall, used.ru_utime + used.ru_stime, used.ru_maxrss))
sys.exit(status)
