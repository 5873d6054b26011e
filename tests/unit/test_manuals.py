#!/usr/bin/env python3
"""The manual pages and documents against the programs they describe.

What a page shows is run: the policy it shows goes through `weighlock policy check`, the ticket
through `weighlock ticket show`, the recipe for a ledger through sh and openssl on a ledger written
by make_ledger.py. What a page lists is compared with the table the program is compiled from.
Needs no root. WL_SRC and WL_BUILD, else srcdir and the current folder.
"""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SRC = os.environ.get("WL_SRC") or os.environ.get("srcdir") or "."
BUILD = os.environ.get("WL_BUILD") or "."
WEIGHLOCK = os.path.join(BUILD, "client/weighlock")
FAILED = []


def say(good, what, detail=""):
    print(("ok    " if good else "FAIL  ") + what + ("" if good or not detail else ": %s" % (detail,)))
    if not good:
        FAILED.append(what)


def read(path):
    with open(os.path.join(SRC, path), encoding="utf-8") as f:
        return f.read()


def run(*args, **more):
    return subprocess.run(args, capture_output=True, text=True, **more)


def blocks(page):
    """The literal displays of a page, as a reader sees them."""
    found = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", page, re.M | re.S)
    return [re.sub(r"\\&", "", b).replace("\\e", "\\").replace("\\-", "-") for b in found]


def table(path, macro):
    text = re.sub(r"/\*.*?\*/", "", read(path), flags=re.S)
    return [[x.strip().strip('"') for x in m.split(",")]
            for m in re.findall(r"^%s\(([^\n]*)\)$" % macro, text, re.M)]


# ---- form ----
def test_lint():
    pages = sorted(glob.glob(os.path.join(SRC, "docs/*.[1-8]")))
    generated = [os.path.join(BUILD, "docs", "weighlock-" + n)
                 for n in ("rules.7", "limits.7", "messages.7", "events.5")]
    say(len(pages) >= 10, "the pages are there", pages)
    missing = [p for p in generated if not os.path.exists(p)]
    say(not missing, "the pages made from tables are made", missing)
    if not shutil.which("mandoc"):
        print("skip  no mandoc here")
        return
    names = {os.path.basename(p) for p in pages + generated}
    for page in pages + generated:
        done = run("mandoc", "-Tlint", "-Wwarning", page)
        say(done.returncode == 0, "mandoc: " + os.path.basename(page), done.stdout)
        with open(page, encoding="utf-8") as f:
            to = re.findall(r"^\.Xr (weighlock[\w-]*) (\d)", f.read(), re.M)
        lost = ["%s(%s)" % x for x in to if "%s.%s" % x not in names]
        say(not lost, "what it refers to is there: " + os.path.basename(page), lost)


# ---- weighlock-policy(5) ----
def certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", os.devnull, "-out", os.path.join(folder, name),
                    "-subj", "/CN=" + name, "-days", "30"], check=True, capture_output=True)
    der = subprocess.run(["openssl", "x509", "-in", os.path.join(folder, name), "-outform", "DER"],
                         check=True, capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


def check_policy(folder, text):
    path = os.path.join(folder, "policy.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return run(WEIGHLOCK, "policy", "check", "--json", path)


def test_policy():
    page = read("docs/weighlock-policy.5")
    text = "".join(blocks(page))
    with tempfile.TemporaryDirectory() as folder:
        for name in re.findall(r"(?:certificate|issuer): ([\w.-]+)", text):
            digest = certificate(folder, name)
            text = re.sub(r'(%s\b[^}]*?[^_]sha256: )"[0-9a-f]{64}"' % re.escape(name),
                          r'\g<1>"%s"' % digest, text, count=1, flags=re.S)
        done = check_policy(folder, text)
        say(done.returncode == 0 and '"verdict":"pass"' in done.stdout.replace(" ", ""),
            "the policy of the page is one", done.stdout + done.stderr)
        done = check_policy(folder, text.replace("  valid: 8 h", "  valid: 8 h\n  colour: red"))
        say(done.returncode == 2 and "policy.key-unknown" in done.stdout,
            "and with a key that is not on the page it is none", done.stdout)
    words = set(re.findall(r"[\w-]+", page))
    parts = dict(re.findall(r"^\.Ss (\w+)[^\n]*\n(.*?)(?=^\.S[sh] )", page, re.M | re.S))
    place = {"TOP": "Top", "PERSON": "people", "PORT": "ports", "VENDOR": "vendors",
             "DEVICE": "devices", "MASK": "devices", "ORGANISATION": "visits"}
    keys = table("policy/schema.def", "KEY")
    say(len(keys) > 60, "the schema has its keys", len(keys))
    for row in keys:
        part = parts.get(place.get(row[0], row[0].lower()), "")
        told = re.search(r"^\.(It )?Ic [^\n]*\b%s\b" % row[1], part, re.M)
        shown = re.search(r"\b%s:" % row[1], text)
        say(bool(told and shown), "told and shown: %s %s" % (row[0].lower(), row[1]))
        item = re.search(r"^\.It Ic [^\n]*\b%s\b[^\n]*" % row[1], part, re.M)
        if item and row[3] == "true" and row[0] != "MASK":
            say("required" in item.group(0), "required: %s %s" % (row[0].lower(), row[1]))
    missing = [r[1] for r in table("policy/schema.def", "WORD") if r[1] not in words]
    say(not missing, "every word of the grammar is on the page", missing)


# ---- weighlock-ticket(5) ----
def test_ticket():
    page = read("docs/weighlock-ticket.5")
    reader, back = read("policy/ticket_read.c").split("withdrawal_members[] =")
    row = r'^ +\{"(\w+)", (?:true|false), take_'
    members = re.findall(row, reader, re.M)
    ticket = blocks(page)[0]
    withdrawal = next(b for b in blocks(page) if "ticket-withdrawal/1" in b)
    part = page[page.index(".Sh WITHDRAWAL"):]
    for name in re.findall(row, back, re.M):
        told = re.search(r"^\.It Ic [^\n]*\b%s\b" % name, part, re.M)
        say(bool(told) and '"%s"' % name in withdrawal, "told and shown: withdrawal " + name)
    say(len(members) > 20, "the reader has its members", members)
    for name in members:
        told = re.search(r"\.(?:It )?Ic [^\n]*\b%s\b|^\.Ic %s$" % (name, name), page, re.M)
        say(bool(told) and '"%s"' % name in ticket, "told and shown: ticket " + name)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "AA-2026-0117.ticket.json")
        for text, good in ((ticket, True), (ticket.replace('"note"', '"remark"'), False)):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            done = run(WEIGHLOCK, "ticket", "show", path)
            say((done.returncode == 0) == good, "the ticket of the page is one" if good else
                "and with a member that is not on the page it is none", done.stdout + done.stderr)


# ---- weighlock-ledger(5) ----
def test_ledger():
    page = read("docs/weighlock-ledger.5")
    shown = blocks(page)
    entry = shown[0].replace("\\\n", "").strip()
    say(json.dumps(json.loads(entry), sort_keys=True, separators=(",", ":")) == entry,
        "the entry of the page is in its one form")
    told = set(re.findall(r"\w+", " ".join(re.findall(r"^\.It Ic ([^\n]*)", page, re.M))))
    say(set(json.loads(entry)) <= told, "its members are told", set(json.loads(entry)) - told)
    recipe = shown[1]
    with tempfile.TemporaryDirectory() as folder:
        made = run(sys.executable, os.path.join(SRC, "tests/integration/make_ledger.py"), folder, "1")
        done = run("sh", "-euc", recipe, cwd=folder)
        with open(os.path.join(folder, "checkpoint"), encoding="utf-8") as f:
            root = f.read().split("\n")[2]
        say(made.returncode == 0 and "Verified Successfully" in done.stdout,
            "the recipe verifies a checkpoint", done.stdout + done.stderr)
        want = run("sh", "-c", "base64 -d | od -An -v -tx1 | tr -d ' \\n'", input=root).stdout
        say(done.stdout.split("\n")[-2:-1] == [want + "  -"], "and one entry's hash is the root",
            done.stdout)
        with open(os.path.join(folder, "checkpoint"), encoding="utf-8") as f:
            changed = f.read().replace("\n1\n", "\n2\n", 1)
        with open(os.path.join(folder, "checkpoint"), "w", encoding="utf-8") as f:
            f.write(changed)
        done = run("sh", "-euc", recipe, cwd=folder)
        say(done.returncode != 0, "and not a changed one")
    say("must treat the medium as suspect" in re.sub(r"\n", " ", page),
        "what a reader of a note must do is said")


# ---- the daemons ----
def test_daemons():
    for name, program in (("weighlockd", "daemon/broker/weighlockd"),
                          ("weighlock-mediad", "weighlock-mediad"),
                          ("weighlock-spawnd", "daemon/spawn/weighlock-spawnd"),
                          ("weighlock-ledgerd", "weighlock-ledgerd")):
        page = read("docs/%s.8" % name)
        told = set(re.findall(r"\bFl -([a-z-]+)", page.split(".Sh SIGNALS")[0]))
        told |= {"version"} if ", Fl -version" in page else set()
        has = set(re.findall(r"^  --([a-z-]+)", run(os.path.join(BUILD, program), "--help").stdout, re.M))
        say(bool(has) and told == has, "options of " + name, told ^ has)
        say(run(os.path.join(BUILD, program), "--nonsense").returncode == 2,
            "wrong usage of %s ends with 2" % name)


# ---- README.md ----
def commands_of(page, least):
    """Every command that a page shows is one of the table, with options that it has."""
    verbs = [json.loads(line) for line in run(WEIGHLOCK, "help", "--json").stdout.splitlines()]
    has = {(v["verb"] + " " + v["action"]).strip(): set(v["options"]) for v in verbs}
    shown = 0
    for line in re.findall(r"^\$ (weighlock .*)$", read(page), re.M):
        for command in line.split("  ;  "):
            words = re.split(r" {2,}", command)[0].split()[1:]
            name = " ".join(words[:2]) if " ".join(words[:2]) in has else words[0]
            options = {w[2:] for w in words if w.startswith("--")}
            known = {o.strip("-").split(" ")[0] for o in has.get(name, ())}
            say(name in has and options <= known, page + ": weighlock " + " ".join(words), known)
            shown += 1
    say(shown >= least, page + " shows commands", shown)


def test_administrator():
    """The administrator's page: its commands, and the rules of its table."""
    commands_of("docs/ADMIN.md", 18)
    rules = set(re.findall(r'^RULE\(\w+, "([^"]+)"', read("daemon/base/rules.def"), re.M))
    named = re.findall(r"^\| `([a-z.-]+)` \|", read("docs/ADMIN.md"), re.M)
    say(len(named) >= 8 and set(named) <= rules, "the rules it explains are rules", set(named) - rules)


def test_readme():
    """The README: its commands, and the files and pages it names."""
    commands_of("README.md", 12)
    lost = [f for f in re.findall(r"`((?:docs|packaging)/[\w./-]+)`", read("README.md"))
            if not os.path.exists(os.path.join(SRC, f))]
    say(not lost, "files that the README names are there", lost)
    pages = {os.path.basename(p) for p in glob.glob(os.path.join(SRC, "docs/*.[1-8]"))}
    pages |= {os.path.basename(p) for p in glob.glob(os.path.join(BUILD, "docs/*.[1-8]"))}
    lost = [x for x in re.findall(r"`([\w-]+)\((\d)\)`", read("README.md")) if "%s.%s" % x not in pages]
    say(not lost, "and its pages too", lost)


def test_guide():
    """Commands and events that the guide to be filled in names are those of the tables."""
    page = read("docs/system-guide.md")
    verbs = [json.loads(line) for line in run(WEIGHLOCK, "help", "--json").stdout.splitlines()]
    has = {(v["verb"] + " " + v["action"]).strip() for v in verbs}
    events = set(re.findall(r'^EVENT\(\w+, "([^"]+)"', read("daemon/base/events.def"), re.M))
    shown = [x for x in re.findall(r"`([^`]+)`", page) if x != "weighlock-verify"]
    lost = [x for x in shown if x not in events and not x.startswith("weighlock-verify ") and
            not any(re.sub("^weighlock ", "", x).startswith(h) for h in has)]
    say(len(shown) > 15 and not lost, "the guide to be filled in names what there is", lost)


# ---- THREATS.md and REQUIREMENTS.md ----
CITED = r"`((?:test_|fuzz_)\w+|[a-z_]+: [^`]+|(?:test_|fuzz_)\w+: [^`]+)`"


def test_cited():
    """Every test that is named exists, and every case of it stands in its file."""
    files = {}
    for path in glob.glob(os.path.join(SRC, "tests/**/*.*"), recursive=True):
        name, kind = os.path.splitext(os.path.basename(path))
        if kind in (".c", ".py", ".sh") and os.path.isfile(path):
            with open(path, encoding="utf-8") as f:
                files[name] = files.get(name, "") + f.read()
    for page, least in (("docs/THREATS.md", 60), ("docs/REQUIREMENTS.md", 80)):
        cited = 0
        for token in re.findall(CITED, read(page)):
            name, _, cases = token.partition(": ")
            say(name in files, "%s names a test that is there: %s" % (page, name)) if name not in files else None
            for case in filter(None, cases.split("; ")):
                cited += 1
                if case not in files.get(name, ""):
                    say(False, "%s: %s has no %s" % (page, name, case))
        say(cited >= least, "%s names %d cases of tests" % (page, cited))
    text = read("docs/REQUIREMENTS.md")
    rows = re.findall(r"^\| ([A-K])-(\d\d) \| [^|]+ \| (built|partly|later)([^|]*) \|([^|]*)\|([^|]*)\|$", text, re.M)
    count = {a: sum(r[0] == a for r in rows) for a in "ABCDEFGHIJK"}
    say(count == dict(zip("ABCDEFGHIJK", (16, 22, 22, 15, 13, 9, 6, 9, 5, 8, 7))),
        "every requirement has its row", count)
    bad = ["%s-%s" % r[:2] for r in rows if r[2] == "built" and "`" not in r[5] or
           r[2] != "built" and not r[3].startswith(":")]
    say(not bad, "what is built has a test, what is not has its theme", bad)
    told = tuple(map(int, re.search(r"(\d+) built, (\d+) partly, (\d+) later", text).groups()))
    say(told == tuple(sum(r[2] == k for r in rows) for k in ("built", "partly", "later")), "their numbers", told)


test_lint()
test_readme()
test_administrator()
test_guide()
test_cited()
test_policy()
test_ticket()
test_ledger()
test_daemons()
sys.exit(1 if FAILED else 0)
