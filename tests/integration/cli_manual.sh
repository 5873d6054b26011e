#!/bin/sh
# The manual page and the French catalogue against the table of verbs and the sources.
#
# usage: cli_manual.sh, in the build folder or with WL_BUILD and WL_SRC set. Needs no root.
set -u
src=${WL_SRC:-${srcdir:-$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)}}
build=${WL_BUILD:-.}
"$build/client/weighlock" help --json >"${TMPDIR:-/tmp}/weighlock-verbs.$$" || exit 99
trap 'rm -f "${TMPDIR:-/tmp}/weighlock-verbs.$$"' EXIT
python3 - "$src" "${TMPDIR:-/tmp}/weighlock-verbs.$$" <<'PY'
import glob, json, os, re, subprocess, shutil, sys, tempfile

src, verbs = sys.argv[1], [json.loads(line) for line in open(sys.argv[2])]
failed = False


def say(good, what, detail=""):
    global failed
    print("ok    " + what if good else "FAIL  %s %s" % (what, detail))
    failed |= not good


# ---- every synopsis of the manual is the table's, and the other way round ----
def plain(line):
    """One line of mdoc as the help prints it."""
    optional = line.startswith(".Op ")
    words = line[4 if optional else 1:].split()
    repeat = words[-1] == "..."
    out = []
    for w in words[:-1] if repeat else words:
        if w in ("Fl", "Ar", "Cm"):
            kind = w
        else:
            out.append(("-" if kind == "Fl" else "") + w)
    text = " ".join(out)
    return ("[%s]" % text if optional else text) + ("..." if repeat else "")


page = open(os.path.join(src, "docs/weighlock.1"), encoding="utf-8").read()
synopsis = page.split(".Sh SYNOPSIS\n")[1].split(".Sh ")[0]
listed = ["weighlock " + " ".join(plain(line) for line in part.strip().splitlines())
          for part in synopsis.split(".Nm\n")[1:]]
wanted = [v["synopsis"] for v in verbs]
say(listed == wanted, "synopses of the manual page are those of the table",
    str([x for x in zip(listed, wanted) if x[0] != x[1]][:3]))
for v in verbs:
    name = (v["verb"] + " " + v["action"]).strip()
    french = (v["french"] + " " + v["action"]).strip()
    item = re.search(r"^\.It Cm %s Pq Cm %s\n(.*?)(?=^\.It Cm |^\.Sh )" % (re.escape(name), re.escape(french)),
                     page, re.S | re.M)
    missing = [o for o in v["options"] if not item or "Fl -" + o not in item.group(1)]
    say(bool(item) and not missing, "manual page: " + name, str(missing))
if shutil.which("mandoc"):
    lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning", os.path.join(src, "docs/weighlock.1")],
                          capture_output=True, text=True)
    say(lint.returncode == 0, "mandoc finds nothing", lint.stdout)

# ---- every marked file is in POTFILES; the catalogue is sound and has every verb ----
listed = set(open(os.path.join(src, "po/POTFILES"), encoding="utf-8").read().split())
marked = set()
for folder in ("client", "policy", "daemon/base", "daemon/broker"):
    for name in glob.glob(os.path.join(src, folder, "*.[chd]*")):
        if name.endswith((".c", ".h", ".def")) and \
                re.search(r'(?<![A-Za-z_])(_|N_|ngettext)\("', open(name, encoding="utf-8").read()):
            marked.add(os.path.relpath(name, src))
say(listed >= marked, "every file with marked sentences is in po/POTFILES", str(sorted(marked - listed)))
say(all(os.path.exists(os.path.join(src, f)) for f in listed), "every file of po/POTFILES is there")
if shutil.which("xgettext") and shutil.which("msgfmt"):
    with tempfile.TemporaryDirectory() as d:
        words = ["--language=C", "--from-code=UTF-8", "--add-comments=TRANSLATORS", "--keyword=_",
                 "--keyword=N_", "--keyword=ngettext:1,2", "--keyword=RULE:5", "--keyword=RULE:6",
                 "--no-wrap", "--files-from=po/POTFILES", "--output=%s/all.pot" % d]
        r = subprocess.run(["xgettext"] + words, cwd=src, capture_output=True, text=True)
        say(r.returncode == 0, "xgettext draws the sentences", r.stderr)
        text = open(d + "/all.pot", encoding="utf-8").read()
        say("ticket {ticket} is no longer valid" in text, "sentences of rules are drawn too")
        r = subprocess.run(["msgfmt", "--check-format", "-o", d + "/fr.mo", "po/fr.po"], cwd=src,
                           capture_output=True, text=True)
        say(r.returncode == 0, "the French catalogue is sound", r.stderr)
        french = open(os.path.join(src, "po/fr.po"), encoding="utf-8").read()
        for v in verbs:
            q = v["help"].replace("\\", "\\\\").replace('"', '\\"')
            say(bool(re.search(r'msgid "%s"\nmsgstr ".+"' % re.escape(q), french)),
                "French help of " + (v["verb"] + " " + v["action"]).strip())
else:
    print("skip  xgettext or msgfmt is not installed")
sys.exit(failed)
PY
