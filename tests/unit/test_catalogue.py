#!/usr/bin/env python3
"""The French catalogue against the sources: nothing missing, nothing fuzzy, nothing left over, every
place and format kept, every file with marked sentences listed, and no sentence for people unmarked.

What is drawn from the sources is drawn here anew with xgettext; the comparison is msgcmp's and
msgfmt's. Needs no root and no build. WL_SRC, else srcdir and the current folder.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

SRC = os.environ.get("WL_SRC") or os.environ.get("srcdir") or "."
FOLDERS = ("client", "policy", "daemon/base", "daemon/broker", "verify")
# functions that say something to a person: their sentence is marked, or is made of marked ones
SAYING = re.compile(r'\bwl_say(?:_in|_error|_failure)?\(([^;]*?)\);', re.S)
MARKED = re.compile(r'(?<![A-Za-z_])(?:_|N_|ngettext)\((?:\s*,?\s*"(?:[^"\\]|\\.)*")+')
failed = 0


def say(good, what, detail=""):
    global failed
    print(("ok    " if good else "FAIL  ") + what + ("" if good or not detail else ": " + detail))
    failed |= not good


def run(*words):
    return subprocess.run(words, cwd=SRC, capture_output=True, text=True)


def sources():
    for folder in FOLDERS:
        for name in sorted(glob.glob(os.path.join(SRC, folder, "*.[chd]*"))):
            if name.endswith((".c", ".h", ".def")):
                yield os.path.relpath(name, SRC), open(name, encoding="utf-8").read()


def entries(path):
    """(msgid, [msgstr...]) of a catalogue, unescaped enough to compare places."""
    for block in open(path, encoding="utf-8").read().split("\n\n"):
        parts = {}
        for key, value in re.findall(r'^(msg\w+(?:\[\d\])?) ((?:"(?:[^"\\]|\\.)*"\n?)+)', block, re.M):
            parts[key] = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', value))
        if parts.get("msgid"):
            yield parts["msgid"], [v for k, v in parts.items() if k.startswith("msgstr")]


def check_marked():
    listed = set(open(os.path.join(SRC, "po/POTFILES"), encoding="utf-8").read().split())
    marked = {n for n, text in sources() if re.search(r'(?<![A-Za-z_])(?:_|N_|ngettext)\("', text)}
    say(listed >= marked, "every file with marked sentences is in po/POTFILES",
        " ".join(sorted(marked - listed)))
    bare = []
    for name, text in sources():
        for call in SAYING.findall(text):
            words = MARKED.sub("", call)
            for literal in re.findall(r'"((?:[^"\\]|\\.)*)"', words):
                if re.search(r"[A-Za-z]{3,}[^%]* [a-z]{2,}", literal):
                    bare.append("%s: %s" % (name, literal))
    say(not bare, "no sentence is said unmarked", "; ".join(bare))


def check_commands():
    """What a sentence tells to type is there: a person cannot find out otherwise."""
    table = open(os.path.join(SRC, "client/verbs.def"), encoding="utf-8").read()
    known, alone = set(), set()
    for name, action, french in re.findall(r'^VERB\(\w+, "([\w-]+)", (NULL|"[\w-]+"), "([\w-]+)"', table, re.M):
        for verb in (name, french):
            alone.add(verb)
            known.add((verb, "" if action == "NULL" else action.strip('"')))
    wrong = []
    for message, strings in entries(os.path.join(SRC, "po/fr.po")):
        for text in (message, *strings):
            for verb, action in re.findall(r"(?:^|[:;(`,] ?)weighlock ([a-z-]+)(?: ([a-z-]+))?", text):
                if verb not in alone or not {(verb, ""), (verb, action)} & known:
                    wrong.append(f"weighlock {verb} {action}".strip())
    say(not wrong, "every command that a sentence names is one", "; ".join(wrong))


def check_catalogue(folder):
    pot, po = os.path.join(folder, "all.pot"), "po/fr.po"
    words = ["--language=C", "--from-code=UTF-8", "--keyword=_", "--keyword=N_", "--keyword=ngettext:1,2",
             "--keyword=RULE:5", "--keyword=RULE:6", "--files-from=po/POTFILES", "--output=" + pot]
    r = run("xgettext", *words)
    say(r.returncode == 0, "the sentences are drawn from the sources", r.stderr)
    r = run("msgcmp", po, pot)
    say(r.returncode == 0, "every sentence has its French, and none is fuzzy", r.stderr.strip())
    r = run("msgfmt", "--check-format", "-o", os.path.join(folder, "fr.mo"), po)
    say(r.returncode == 0, "formats agree", r.stderr)
    drawn = {m for m, _ in entries(pot)}
    old = [m for m, _ in entries(os.path.join(SRC, po)) if m not in drawn]
    say(not old, "no French without its sentence", "; ".join(old[:10]))
    bad = [m for m, strings in entries(os.path.join(SRC, po)) for s in strings
           if sorted(re.findall(r"\{\w+\}", m)) != sorted(re.findall(r"\{\w+\}", s))]
    say(not bad, "every {place} of a sentence is in its French", "; ".join(bad[:10]))
    bad = [m for m, strings in entries(os.path.join(SRC, po)) for s in strings
           if (m[:1] == " ") != (s[:1] == " ") or m.endswith("\\n") != s.endswith("\\n")]
    say(not bad, "indents and line ends are kept", "; ".join(bad[:10]))


if not shutil.which("xgettext") or not shutil.which("msgcmp"):
    print("skip  gettext's tools are not installed")
    sys.exit(77)
check_marked()
check_commands()
with tempfile.TemporaryDirectory() as d:
    check_catalogue(d)
sys.exit(failed)
