#!/usr/bin/env python3
"""What systemd's units let each daemon ask of the kernel, against what the daemon was built to ask.

A unit names groups of system calls; systemd only warns of a group that it does not know and goes on
without it, and a daemon that may not call seccomp or Landlock ends before it serves anybody. So every
group must be known to this machine's systemd, and what is left of all lines must hold the calls that
confine a daemon and, where a daemon or its workers have a list of their own, the calls of that list.
A class of devices is likewise what the kernel has a driver for when the daemon starts, and nothing
where it is loaded later: each class comes with its driver.
The lists are read from the sources; groups are expanded by systemd-analyze, which nobody here wrote.
"""
import os
import re
import shutil
import subprocess
import sys

TOP = os.environ.get("srcdir") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CONFINING = {"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "prctl"}
# libsystemd asks who it is before it says READY=1, workers' own lists do not hold it
TELLING = {"getuid", "geteuid", "getgid", "getegid", "sendmsg", "socket"}
# of the sources' lists, what only a build for coverage asks; and names of other architectures
NOT_HERE = {"ftruncate", "mkdir", "getppid"}

DRIVERS = {"block-sd": "sd_mod", "block-sr": "sr_mod", "block-mmc": "mmc_block"}


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


def expand(word):
    """the calls of a word of SystemCallFilter=; None where systemd does not know the group"""
    if not word.startswith("@"):
        return {word}
    said = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", word], capture_output=True, text=True, check=False)
    if said.returncode != 0 or "not found" in said.stdout + said.stderr:
        return None
    calls = set()
    for line in said.stdout.splitlines():
        inner = line.strip()
        if line.startswith(" ") and inner and not inner.startswith("#"):
            calls |= expand(inner)
    return calls


def allowed(unit, faults):
    calls = set()
    for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", read("packaging", "systemd", unit + ".service.in")):
        for word in line.lstrip("~").split():
            group = expand(word)
            if group is None:
                faults.append("%s: systemd here does not know %s" % (unit, word))
            elif line.startswith("~"):
                calls -= group
            else:
                calls |= group
    if not calls:
        faults.append("%s: no SystemCallFilter=" % unit)
    return calls


def drivers(unit, faults):
    text = read("packaging", "systemd", unit + ".service.in")
    classes = re.findall(r"(?m)^DeviceAllow=(\S+)", text)
    for name in classes:
        for before in ("Wants", "After"):
            named = " ".join(re.findall(r"(?m)^%s=(.*)$" % before, text)).split()
            if "modprobe@%s.service" % DRIVERS.get(name) not in named:
                faults.append("%s: %s without its driver in %s=" % (unit, name, before))
    return len(classes)


def main():
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not there")
        return 77
    media = set(re.findall(r"SCMP_SYS\((\w+)\)", read("udev", "confine.c"))) - NOT_HERE
    workers = set(re.findall(r'(?m)^SYSCALL\("\w+", (\w+)', read("daemon", "spawn", "seccomp_table.def")))
    wanted = {"weighlockd": set(), "weighlock-ledgerd": set(), "weighlock-mediad": media, "weighlock-spawnd": workers}
    assert len(media) > 40 and len(workers) > 40, "the lists are not read any more"
    faults = ["weighlock-mediad: its own list has no %s" % call for call in sorted(TELLING - media)]
    for unit, calls in wanted.items():
        may = allowed(unit, faults)
        for call in sorted((calls | CONFINING | TELLING) - may):
            faults.append("%s: its unit does not let it call %s" % (unit, call))
    assert sum(drivers(unit, faults) for unit in wanted) > 0, "no unit may open a device"
    for fault in faults:
        print("FAIL: " + fault)
    print("%d units, %d faults" % (len(wanted), len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
