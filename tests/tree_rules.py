#!/usr/bin/env python3
"""The rules of the tree (who may include what, sizes of files and functions, no cycle between
headers, no unfinished work), read from the sources themselves. Prints each breach; exit 1 if any."""
import os, re, subprocess, sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAY = {
    "daemon/base": set(),
    "daemon/volume": {"daemon/base"}, "daemon/image": {"daemon/base"},
    "daemon/update": {"daemon/base"}, "daemon/ledger": {"daemon/base"},
    "daemon/spawn": {"daemon/base"}, "udev": {"daemon/base"}, "policy": {"daemon/base"},
    "daemon/worker": {"daemon/base", "daemon/volume", "daemon/image", "daemon/update"},
    "daemon/broker": {"daemon/base", "policy"}, "client": {"daemon/base", "policy"},
    "verify": set(),
}
# the frame of a worker enters the sandbox, which spawn owns
MAY["daemon/worker"].add("daemon/spawn")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
breaches = []


def files():
    out = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True)
    names = out.stdout.split() if out.returncode == 0 else []
    return [n for n in names if os.path.exists(os.path.join(TOP, n))]


def room(path):
    return os.path.dirname(path)


def includes(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return re.findall(r'^#\s*include "([^"]+)"', f.read(), re.M)


def check_includes(path):
    here = room(path)
    if here not in MAY:
        return
    for inc in includes(path):
        there = room(inc)
        if there and there != here and there not in MAY[here]:
            breaches.append("%s includes %s: %s does not know %s" % (path, inc, here, there))


def check_cycles(headers):
    graph = {h: [i for i in includes(h) if i in headers] for h in headers}
    done, stack = set(), []

    def visit(h):
        if h in stack:
            breaches.append("headers in a circle: " + " > ".join(stack[stack.index(h):] + [h]))
            return
        if h in done:
            return
        stack.append(h)
        for i in graph[h]:
            visit(i)
        stack.pop()
        done.add(h)

    for h in headers:
        visit(h)


def check_sizes(path, text):
    lines = text.count("\n")
    if lines > 800:
        breaches.append("%s has %d lines (at most 800)" % (path, lines))
    start = None
    for n, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = n
        elif line == "}" and start:
            if n - start > 120:
                breaches.append("%s:%d: a function of %d lines (at most 120)" % (path, start, n - start))
            start = None


def check_opening(path, text):
    if path.startswith("tests/") or not path.endswith(".c"):
        return
    if not text.startswith("/*"):
        breaches.append("%s does not open with what it is" % path)


def main():
    names = files()
    code = [n for n in names if n.endswith((".c", ".h"))]
    for n in code:
        with open(os.path.join(TOP, n), encoding="utf-8") as f:
            text = f.read()
        check_includes(n)
        check_sizes(n, text)
        check_opening(n, text)
    for n in names:
        if n.endswith((".c", ".h", ".sh", ".py", ".am", ".ac", ".mk", ".md", ".def")) and n != "tests/tree_rules.py":
            with open(os.path.join(TOP, n), encoding="utf-8") as f:
                if UNFINISHED.search(f.read()):
                    breaches.append("%s promises work that is not done" % n)
    check_cycles({n for n in code if n.endswith(".h")})
    for b in breaches:
        print(b)
    print("%d files of code, %d breaches" % (len(code), len(breaches)))
    return 1 if breaches else 0


sys.exit(main())
