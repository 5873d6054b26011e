#!/usr/bin/python3
"""Speaks to a running machine: to the agent in it, and to QEMU around it.

usage: vmctl.py run  SOCKET SECONDS            the script on standard input; its output, its status
       vmctl.py qmp  SOCKET COMMAND [JSON]     one command of QEMU's, with its arguments
       vmctl.py wait SOCKET SECONDS            until the agent answers

One connection per call: the machine itself goes on whoever connects. Exit status of `run` is the
script's; 124 when it did not end in time.
"""
import base64
import json
import socket
import sys
import time


def connect(path, seconds):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(seconds)
    s.connect(path)
    return s, s.makefile("rb")


def run(path, seconds, script):
    number = b"%d" % time.monotonic_ns()  # an answer to somebody who gave up is not ours
    s, answers = connect(path, seconds)
    s.sendall(number + b" " + base64.b64encode(script) + b"\n")
    try:
        for line in answers:
            words = line.split()
            if len(words) > 1 and words[0] == number:
                return int(words[1]), base64.b64decode(words[2] if len(words) > 2 else b"")
    except TimeoutError:
        pass
    return 124, b"the machine did not answer in time\n"


def qmp(path, command, arguments):
    s, answers = connect(path, 60)
    answers.readline()
    for name, args in (("qmp_capabilities", {}), (command, arguments)):
        s.sendall(json.dumps({"execute": name, "arguments": args}).encode() + b"\n")
        for line in answers:
            said = json.loads(line)
            if "error" in said:
                print(said["error"]["desc"], file=sys.stderr)
                return 1
            if "return" in said:
                break
    print(json.dumps(said["return"]))
    return 0


def wait(path, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if run(path, 5, b"true")[0] == 0:
                return 0
        except OSError:
            pass
        time.sleep(0.5)
    return 124


what, where, *rest = sys.argv[1:]
if what == "run":
    status, said = run(where, float(rest[0]), sys.stdin.buffer.read())
    sys.stdout.buffer.write(said)
    sys.exit(status)
if what == "qmp":
    sys.exit(qmp(where, rest[0], json.loads(rest[1]) if len(rest) > 1 else {}))
sys.exit(wait(where, float(rest[0])))
