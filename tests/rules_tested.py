#!/usr/bin/env python3
"""Every rule that the code can name is named by a test (INTERFACES 3).

A rule counts as used where its symbol stands in daemon/, policy/, client/, udev/ or verify/, and as
tested where its symbol or its id stands in a test other than the table's own. Rules that only later
issues use are listed as awaited and do not fail. Run from the top of the tree.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
CODE = ("daemon", "policy", "client", "udev", "verify")
NOT_A_TEST = ("test_rules.c", "rules_tested.py")


def text_of(folders, suffixes, without=()):
    parts = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path.name not in without and path.is_file():
                parts.append(path.read_text(encoding="utf-8", errors="replace"))
    return "\n".join(parts)


def main():
    table = (ROOT / "daemon/base/rules.def").read_text(encoding="utf-8")
    rows = re.findall(r'^RULE\((\w+), "([^"]+)"', table, re.M)
    code = text_of(CODE, (".c", ".h"))
    tests = text_of(("tests",), (".c", ".h", ".py", ".sh"), NOT_A_TEST)
    if not rows or not code or not tests:
        print("no table, code or tests under", ROOT)
        return 99
    untested = awaited = 0
    for symbol, rule in rows:
        if re.search(r"\bWL_RULE_%s\b" % symbol, tests) or rule in tests:
            continue
        if re.search(r"\bWL_RULE_%s\b" % symbol, code):
            print("no test names", rule)
            untested += 1
        else:
            print("awaited:", rule)
            awaited += 1
    print("%d rules, %d awaited, %d without a test" % (len(rows), awaited, untested))
    return 1 if untested else 0


if __name__ == "__main__":
    sys.exit(main())
