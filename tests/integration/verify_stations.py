#!/usr/bin/env python3
"""weighlock-verify as an auditor uses it: the book of stations, its memory and its signature, receipts,
countersigning, incremental exports, many stations, the SQLite file, successors and changed keys.
Ledgers come from make_story.py; signatures of headquarters and the auditor's key from the openssl
command; the SQLite file is read by Python. Needs no root. WEIGHLOCK_VERIFY names the program.
"""
import base64, hashlib, json, os, shutil, sqlite3, subprocess, sys, tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from make_story import Story
import make_ledger as ml

VERIFY = os.path.abspath(os.environ.get("WEIGHLOCK_VERIFY", "./weighlock-verify"))
failed = count = 0


def check(what, good, detail=""):
    global failed, count
    count += 1
    failed += not good
    print("%s %s%s" % ("ok" if good else "FAIL", what, "" if good else ": %s" % (detail,)))


def run(*words, stdin=""):
    p = subprocess.run([VERIFY, *words], input=stdin, capture_output=True, text=True)
    return p.returncode, p.stdout, p.stderr


def lines(*words):
    status, out, err = run("--json", *words)
    return status, [json.loads(x) for x in out.splitlines()], err


def kinds(said):
    return sorted(f["kind"] for f in said["findings"])


def seed(name):
    return hashlib.sha256(name.encode()).digest()


def story(name="stn1", entries=0, **over):
    s = Story(origin="test.example/" + name, seed=seed(name), station=name.split("/")[0].upper(),
              **over).begin()
    more(s, entries)
    return s


def more(s, entries):
    for _ in range(entries):
        s.add("call.denied", {"method": "Release", "rule": "person.unknown"}, actor="uid:9")
    return s


def fingerprint(s):
    h = hashlib.sha256(s.vkey().encode()).hexdigest()
    return " ".join(h[i:i + 4] for i in range(0, 32, 4))


def put(path, text):
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def write(s, path, **how):
    shutil.rmtree(path, ignore_errors=True)
    s.write(path, **how)
    return path


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def enrol(book, s, typed=None):
    card = put("card.vkey", s.vkey() + "\n")
    return run("enrol", "--book", book, card, stdin=(typed or fingerprint(s)) + "\n")


def test_enrol():
    s = story()
    status, out, err = enrol("b", s, "0000 1111 2222 3333 4444 5555 6666 7777")
    check("a wrong fingerprint is refused", status == 1 and "REFUSED" in err, (status, err))
    check("and nothing is written", not os.path.exists("b"))
    check("the fingerprint is asked for, not shown", fingerprint(s)[:4] not in err)
    for what, typed in (("half of it", fingerprint(s)[:19]), ("nothing", " "),
                        ("a digit too many", fingerprint(s) + "0")):
        check("%s is refused" % what, enrol("b", s, typed)[0] == 1)
    status, out, err = enrol("b", s)
    check("the right one is taken", status == 0 and "added to b (1)" in out, (status, out, err))
    put("b", open("b").read() + "expect 60\n")
    t = story("stn2")
    status, out, err = enrol("b", t, fingerprint(t).upper().replace(" ", "-"))
    check("n of m is said; capitals and dashes do", status == 0 and "(2 of 60)" in out, out)
    check("the same again changes nothing", enrol("b", t)[0] == 0 and
          open("b").read().count("station ") == 2)
    other = Story(origin=t.origin, seed=seed("x"))
    status, out, err = enrol("b", other)
    check("another key for a known origin is refused", status == 1 and "another key" in err, err)
    put("card.vkey", s.vkey() + "\n" + t.vkey() + "\n")
    check("a card with two keys is none", run("enrol", "--book", "c", "card.vkey")[0] == 2)
    card = "Key of the ledger (vkey):\n    %s\nFirst checkpoint:\n\n%s" % (t.vkey(),
                                                                          t.checkpoint().decode())
    put("card.txt", card)
    check("the printed card does", run("enrol", "--book", "c", "card.txt",
                                       stdin=fingerprint(t))[0] == 0)
    status, out, err = run("--lang", "fr", "--book", "b", "nowhere")
    check("an absent folder", status == 3, (status, out, err))


def test_book_form():
    s = story()
    head = "weighlock stations book 1\n"
    bad = {"no header": "station %s\n" % s.vkey(), "unknown word": head + "trust %s\n" % s.vkey(),
           "two spaces": head + "station  %s\n" % s.vkey(), "no line end": head + "station " + s.vkey(),
           "origin twice": head + "station %s\nstation %s\n" % (s.vkey(), s.vkey()),
           "a control character": head + "# \x1b[2J\n", "a cosigner's key as a station":
           head + "station %s\n" % ml.vkey("a", 4, ml.public_key(seed("a"))),
           "a station's key as a cosigner": head + "cosigner %s\n" % s.vkey(),
           "an id that is not the key's": head + "station " + s.vkey().replace("+", "+0", 1) + "\n",
           "a word too many": head + "station %s STN1\n" % s.vkey(),
           "ended by itself": head + "station %s\nended %s %s\n" % (s.vkey(), s.origin, s.origin),
           "expects nothing": head + "expect 0\n"}
    write(s, "l")
    for what, text in bad.items():
        put("b", text)
        status, out, err = run("--book", "b", "l")
        check("book: %s" % what, status == 2 and "line" in err, (status, out, err))
    put("b", head + "# a remark\n\nstation %s\n" % s.vkey())
    check("book: remarks and empty lines", run("--book", "b", "l")[0] == 0)


def test_memory():
    s = story("stn1", 300)
    put("b", "weighlock stations book 1\nstation %s\n" % s.vkey())
    status, said, _ = lines("--book", "b", write(s, "l"))
    check("the first visit says so", status == 0 and kinds(said[0]) == ["first-visit"], said)
    before = len(s.entries)
    status, said, _ = lines("--book", "b", write(more(s, 50), "l"))
    check("the second grows from the first", status == 0 and said[0]["since"] == before, said)
    old = story("stn1", 300)
    status, said, _ = lines("--book", "b", write(old, "l"))
    check("an older state is a rollback", status == 1 and kinds(said[0]) == ["rollback"], said)
    fork = story("stn1", 299)
    fork.add("call.denied", {"method": "Approve", "rule": "person.unknown"}, actor="uid:7")
    status, said, _ = lines("--book", "b", write(more(fork, 90), "l"))
    check("another history is a fork", status == 1 and kinds(said[0]) == ["fork"], said)
    status, said, _ = lines("--book", "b", write(s, "l"))
    check("neither was remembered", status == 0 and said[0]["since"] == len(s.entries), said)
    text = open("b.seen").read()
    note = base64.b64decode(text.split()[-1])
    edited = note.replace(b"\n%d\n" % len(s.entries), b"\n%d\n" % 5)
    put("b.seen", text.replace(base64.b64encode(note).decode(), base64.b64encode(edited).decode()))
    status, said, _ = lines("--book", "b", "l")
    check("an edited memory is found", status == 1 and "memory-wrong" in kinds(said[0]), said)
    put("b.seen", "something else\n")
    check("a file that is no memory stops it", lines("--book", "b", "l")[0] == 3)
    os.unlink("b.seen")
    status, said, _ = lines("--book", "b", write(story("stn9"), "m"))
    check("a station the book does not know is refused", status == 1 and
          kinds(said[0]) == ["station-unknown"], said)


def test_headquarters():
    s = story()
    write(s, "l")
    os.makedirs("hq", exist_ok=True)
    os.makedirs("stick", exist_ok=True)
    for who in ("hq", "other"):
        openssl("req", "-x509", "-newkey", "rsa:3072", "-nodes", "-keyout", who + ".key", "-out",
                "hq/%s.pem" % who, "-days", "30", "-subj", "/CN=" + who)
    os.chmod("hq/hq.pem", 0o644)
    put("stick/b", "weighlock stations book 1\nstation %s\n" % s.vkey())

    def sign(who, md="sha384", book="stick/b", *more):
        openssl("cms", "-sign", "-binary", "-md", md, "-in", book, "-signer", "hq/%s.pem" % who,
                "-inkey", who + ".key", "-outform", "DER", "-out", "stick/b.p7s", *more)

    def said(pin="hq/hq.pem"):
        return run("--book", "stick/b", "--headquarters", pin, "l")
    status, _, err = said()
    check("an unsigned book is refused", status == 1 and "no signature" in err, err)
    sign("hq")
    check("a signed one is taken", said()[0] == 0)
    put("stick/b", open("stick/b").read() + "# one line more\n")
    status, _, err = said()
    check("a changed one is refused", status == 1 and "changed" in err, err)
    sign("other")
    check("one signed by somebody else", said()[0] == 1)
    sign("other", "sha384", "stick/b", "-signer", "hq/hq.pem", "-inkey", "hq.key")
    check("one with two signers", said()[0] == 1)
    sign("hq", "sha1")
    check("one signed over SHA-1", said()[0] == 1)
    sign("hq", "sha384", "stick/b", "-nodetach")
    check("one that carries its own text", said()[0] == 1)
    sign("hq")
    put("stick/b.p7s", open("stick/b.p7s", "rb").read() + b"\0")
    check("a byte after the signature", said()[0] == 1)
    sign("hq")
    os.chmod("hq/hq.pem", 0o666)
    status, _, err = said()
    check("a certificate others can write", status == 1 and "writable" in err, err)
    os.chmod("hq/hq.pem", 0o644)
    shutil.copy("hq/hq.pem", "stick/hq.pem")
    check("a certificate that came with the book", said("stick/hq.pem")[0] == 1)
    check("a file that is no certificate", said("l/vkey")[0] == 1)
    t = story("stn2")
    status, out, _ = enrol("stick/b", t)
    check("adding to a signed book says that it must be signed again",
          status == 0 and "signed again" in out, out)
    check("and it is refused until then", said()[0] == 1)


def test_cosign():
    s = story("stn1", 20)
    openssl("genpkey", "-algorithm", "ed25519", "-out", "audit.key")
    os.chmod("audit.key", 0o600)
    status, vkey, err = run("vkey", "--name", "audit1", "audit.key")
    vkey = vkey.strip()
    pub = subprocess.run(["openssl", "pkey", "-in", "audit.key", "-pubout", "-outform", "DER"],
                         capture_output=True, check=True).stdout[-32:]
    check("the key's text is the one C2SP gives", status == 0 and vkey == ml.vkey("audit1", 4, pub),
          (vkey, err))
    put("b", "weighlock stations book 1\nstation %s\ncosigner %s\n" % (s.vkey(), vkey))
    write(s, "l")
    status, out, err = run("--book", "b", "--cosigner-key", "audit.key", "l")
    note = open("l/cosignature.txt", "rb").read() if os.path.exists("l/cosignature.txt") else b""
    check("a good ledger is countersigned", status == 0 and note.startswith(s.checkpoint()),
          (status, out, err))
    body = base64.b64decode(note.split()[-1]) if note else b"\0" * 76
    text = note.split(b"\n\n")[0] + b"\n"
    message = b"cosignature/v1\ntime %d\n" % int.from_bytes(body[4:12], "big") + text
    put("pub", bytes.fromhex("302a300506032b6570032100") + pub)
    put("msg", message)
    put("sig", body[12:])
    r = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "pub",
                        "-rawin", "-in", "msg", "-sigfile", "sig"], capture_output=True)
    check("openssl verifies it as C2SP writes it", len(body) == 76 and r.returncode == 0, r.stderr)
    put("l/checkpoint", note)
    status, said, _ = lines("--book", "b", "--cosigner", vkey, "l")
    check("and it counts as the required one", status == 0 and said[0]["cosigned_by"] == ["audit1"] * 2
          or said[0]["cosigned_by"] == ["audit1"], said)
    put("b", "weighlock stations book 1\nstation %s\ncosigner %s required\n" % (s.vkey(), vkey))
    put("l/checkpoint", s.checkpoint())
    status, said, _ = lines("--book", "b", "l")
    check("absent it is a failure where the book requires it",
          status == 1 and kinds(said[0]) == ["cosignature-absent"], said)
    put("b", "weighlock stations book 1\nstation %s\ncosigner %s\n" % (s.vkey(), vkey))

    def none(what, *words):
        if os.path.exists("l/cosignature.txt"):
            os.unlink("l/cosignature.txt")
        status, out, err = run("--book", "b", "--cosigner-key", "audit.key", *words, "l")
        check("no countersignature: %s" % what, status != 0 and
              not os.path.exists("l/cosignature.txt"), (status, out, err))
    write(s, "l")
    ml.flip("l", "tile/entries/000.p/%d" % len(s.entries))
    none("a byte of an entry changed")
    bad = more(story("stn1", 20), 3)
    bad.policy(2, second="admin-1")
    write(bad, "l")
    none("a rule was broken")
    write(story("stn1", 2), "l")
    none("an older state")
    write(s, "l")
    os.chmod("audit.key", 0o640)
    none("others can read the key")
    os.chmod("audit.key", 0o600)
    put("b", "weighlock stations book 1\nstation %s\n" % s.vkey())
    none("nobody says the key's name")
    status, out, err = run("--book", "b", "--cosigner-key", "audit.key", "--cosigner-name", "audit1",
                           "l")
    check("with its name given", status == 0 and os.path.exists("l/cosignature.txt"), err)
    openssl("genpkey", "-algorithm", "x25519", "-out", "x.key")
    os.chmod("x.key", 0o600)
    check("a key of another kind", run("vkey", "--name", "a", "x.key")[0] == 2)


def test_receipts():
    s = story("stn1", 700)
    write(s, "l")

    def said(data, *words):
        put("r", data)
        return lines("--key", s.vkey(), "--receipt", "r", *words, "l")
    for index, size in ((0, 1), (3, 4), (5, 700), (256, 257), (600, 601), (511, 512), (699, 700)):
        status, out, _ = said(s.receipt(index, size))
        check("receipt of entry %d at %d" % (index, size), status == 0 and kinds(out[0]) == [], out)
    good = s.receipt(300, 650)
    status, out, _ = said(good.replace(b"index 300", b"index 301"))
    check("for another entry", kinds(out[0]) == ["receipt-wrong"] and
          out[0]["findings"][0]["entries"] == [301], out)
    status, out, _ = said(b"\n".join(good.split(b"\n")[:2] + good.split(b"\n")[3:]))
    check("a hash left out", kinds(out[0]) == ["receipt-wrong"], out)
    status, out, _ = said(good.replace(b"\n650\n", b"\n651\n"))
    check("its checkpoint edited", status == 1 and kinds(out[0]) == ["receipt-malformed"], out)
    status, out, _ = said(good.replace(b"index 300", b"index 650"))
    check("beyond its own checkpoint", kinds(out[0]) == ["receipt-malformed"], out)
    status, out, _ = said(b"hello\n")
    check("no receipt at all", kinds(out[0]) == ["receipt-malformed"], out)
    longer = more(story("stn1", 700), 100)
    status, out, _ = said(longer.receipt(750, 790))
    check("of a longer ledger: rolled back", status == 1 and kinds(out[0]) == ["rollback"], out)
    fork = story("stn1", 100)
    fork.add("call.denied", {"method": "Approve", "rule": "person.unknown"}, actor="uid:7")
    more(fork, 300)
    at = [k for k, e in enumerate(fork.entries) if b"Approve" in e][0]
    for index, want in ((at, ["fork", "receipt-wrong"]), (200, ["fork"])):
        status, out, _ = said(fork.receipt(index, 300))
        check("entry %d of another history" % index, status == 1 and kinds(out[0]) == want, out)
    put("b", "weighlock stations book 1\nstation %s\n" % s.vkey())
    put("r", story("stn2", 10).receipt(3))
    check("of a station that is not here", lines("--book", "b", "--receipt", "r", "l")[0] == 1)


def test_incremental():
    s = story("stn1", 1000)
    put("b", "weighlock stations book 1\nstation %s\n" % s.vkey())
    run("--book", "b", write(s, "l"))
    old = len(s.entries)
    more(s, 600)
    write(s, "l", entries_from=old)
    status, said, _ = lines("--book", "b", "l")
    check("an export since the last visit", status == 0 and kinds(said[0]) == ["past-unread"] and
          said[0]["read_from"] == old // 256 * 256 and said[0]["since"] == old, said)
    os.unlink("b.seen")
    status, said, _ = lines("--book", "b", "l")
    check("without the memory entries are missing", status == 1 and
          "entries-missing" in kinds(said[0]), said)
    put("since", s.checkpoint(old))
    status, said, _ = lines("--key", s.vkey(), "--since", "since", "l")
    check("a checkpoint given by hand does too", status == 0, said)
    ml.flip("l", "tile/0/001")
    status, said, _ = lines("--key", s.vkey(), "--since", "since", "l")
    check("a changed hash of the past is found", status == 1 and "fork" in kinds(said[0]), said)
    write(s, "l", entries_from=old)
    os.unlink("l/tile/entries/005")
    status, said, _ = lines("--key", s.vkey(), "--since", "since", "l")
    check("new entries must be there", status == 1 and "entries-missing" in kinds(said[0]), said)
    # what a rule needs from the past is not held against the station
    s = story("stn1", 0)
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    i = s.ready()
    more(s, 600)
    old = len(s.entries)
    n = s.intent(t, [a], i)
    s.gate("b", i, "b1", "release", t)
    s.done(t, n)
    s.leave(i)
    s.outcome(t)
    s.whole(ticket="AA-2")
    put("since", s.checkpoint(old))
    write(s, "l", entries_from=old)
    status, said, _ = lines("--key", s.vkey(), "--since", "since", "l")
    check("a release begun before what was read", status == 0 and kinds(said[0]) == ["past-unread"],
          said)


def test_many():
    all_ = [story("stn%d" % n, 10 * n) for n in range(1, 6)]
    put("b", "weighlock stations book 1\nexpect 6\n" + "".join("station %s\n" % s.vkey() for s in all_))
    os.makedirs("sticks", exist_ok=True)
    for n, s in enumerate(all_[:4]):
        write(s, "sticks/%d" % n)
    run("--book", "b", "sticks/3")
    shutil.rmtree("sticks/3")
    bad = story("stn2", 30)
    bad.policy(2, second="admin-1")
    write(bad, "sticks/1")
    status, said, _ = lines("--book", "b", "sticks")
    check("one line each, the missing first", [x["verdict"] for x in said] ==
          ["missing", "missing", "pass", "refuse", "pass"], said)
    check("never seen before seen long ago", said[0]["origin"] == "test.example/stn5" and
          said[1]["origin"] == "test.example/stn4" and said[1]["size"] == len(all_[3].entries), said)
    check("the worst decides the status", status == 1)
    shutil.rmtree("sticks/1")
    status, out, _ = run("--book", "b", "sticks")
    check("missing stations alone: 4, and they are named", status == 4 and
          out.startswith("MISSING  test.example/stn2: never seen\n") and "5 of 6" in out, (status, out))
    text = open("b.seen").read().split("\n")
    put("b.seen", "\n".join(" ".join([x.split()[0], "1500000000", x.split()[2]]) if "stn4" in x else x
                            for x in text))
    status, out, _ = run("--book", "b", "sticks")
    check("overdue is said", "stn4: last seen 2017-07-14" in out and "overdue" in out, out)
    status, out, _ = run("--book", "b", "--lang", "en", "sticks/0")
    check("a visit to one station names no other", "MISSING" not in out and status == 0, out)


def test_import():
    a, c = story("stn1", 600), story("stn2", 20)
    a.whole()
    put("b", "weighlock stations book 1\n" + "".join(
        "station %s\n" % s.vkey() for s in (a, c, story("stn3"))))
    write(a, "l1")
    write(c, "l2")
    status, said, err = lines("--book", "b", "--import", "all.sqlite", "l1", "l2")
    check("two stations imported, one missing", status == 4 and [x["verdict"] for x in said] ==
          ["missing", "pass", "pass"], (status, said, err))

    def query(sql, *args):
        db = sqlite3.connect("all.sqlite")
        rows = db.execute(sql, args).fetchall()
        db.close()
        return rows
    rows = query("SELECT s.origin, e.seq, e.json FROM entry e JOIN station s ON s.id = e.station"
                 " ORDER BY s.origin, e.seq")
    want = [(s.origin, k, e.decode()) for s in (a, c) for k, e in enumerate(s.entries)]
    check("every entry as it lies", rows == want)
    check("with its columns", query("SELECT event, transfer FROM entry WHERE event = 'release.intent'")
          == [("release.intent", "STN1-T000001")])
    lines("--book", "b", "--import", "all.sqlite", "l1", "l2")
    check("again changes nothing", query("SELECT count(*) FROM entry") == [(len(want),)])
    old = len(a.entries)
    write(more(a, 400), "l1", entries_from=old)
    status, said, _ = lines("--book", "b", "--import", "all.sqlite", "l1")
    check("what is new is added", query("SELECT count(*) FROM entry") == [(len(want) + 400,)] and
          status == 4 and query("SELECT size FROM station WHERE origin = ?", a.origin) ==
          [(len(a.entries),)], said)
    os.unlink("b.seen")
    status, said, _ = lines("--book", "b", "--import", "all.sqlite", write(story("stn1", 100), "l1"))
    check("an older state is refused by the file alone", "rollback" in kinds(said[-1]), said)
    fork = story("stn1", 599)
    fork.add("call.denied", {"method": "Approve", "rule": "person.unknown"}, actor="uid:7")
    status, said, _ = lines("--book", "b", "--import", "all.sqlite", write(more(fork, 600), "l1"))
    check("and another history", status == 1 and "fork" in kinds(said[-1]), said)
    check("nothing of them is there", query("SELECT count(*) FROM entry") == [(len(want) + 400,)])
    check("but the refusals are", sorted(query("SELECT DISTINCT kind FROM refusal")) ==
          [("fork",), ("rollback",)], query("SELECT * FROM refusal"))
    status, said, _ = lines("--book", "b", "--import", "all.sqlite")
    check("without a ledger: who is missing", [x["verdict"] for x in said] == ["missing"] * 3, said)
    put("x.sqlite", "not a database, but long enough to look like a file of something else " * 20)
    check("a file that is something else", lines("--book", "b", "--import", "x.sqlite", "l2")[0] == 2)


def test_succession():
    old = story("stn3", 400)
    put("b", "weighlock stations book 1\nstation %s\n" % old.vkey())
    run("--book", "b", write(more(old, 25), "l"))
    size = len(old.entries) - 25

    def successor(cp, origin="test.example/stn3", **init):
        return Story(origin="test.example/stn3/2", seed=seed("new"), station="STN3",
                     init=dict({"previous_origin": origin, "previous_checkpoint": cp.decode(),
                                "previous_seen": 1}, **init)).begin()
    new = successor(old.checkpoint(size))
    put("b", open("b").read() + "station %s\n" % new.vkey())
    status, said, _ = lines("--book", "b", write(new, "n"))
    f = [x for x in said[0]["findings"] if x["kind"] == "succession-lost"]
    check("what was lost is counted", status == 0 and len(f) == 1 and
          f[0]["words"] == "test.example/stn3 ended at %d (seen up to %d); succeeded by "
          "test.example/stn3/2; 25 entries never seen" % (size, size + 25), said)
    status, said, _ = lines("--book", "b", write(successor(old.checkpoint(), previous_seen=500), "n"))
    check("how far media outside saw it", any("seen up to 500" in x["words"]
                                              for x in said[0]["findings"]), said)
    os.rename("b.seen", "kept")
    status, said, _ = lines("--book", "b", write(successor(old.checkpoint()), "n"))
    check("nothing known to compare with", kinds(said[0]) ==
          ["first-visit", "succeeds", "succession-unproven"], said)
    os.rename("kept", "b.seen")
    for what, cp in (("a checkpoint nobody signed", old.checkpoint().split(b"\n\n")[0] + b"\n"),
                     ("another history's", fork_of(old).checkpoint())):
        status, said, _ = lines("--book", "b", write(successor(cp), "n"))
        check("it continues %s" % what, status == 1 and "succession-wrong" in kinds(said[0]), said)
    status, said, _ = lines("--book", "b", write(successor(old.checkpoint(), "test.example/x"), "n"))
    check("origin and checkpoint do not agree", "beginning-wrong" in kinds(said[0]), said)


def fork_of(s):
    f = story("stn3", 399)
    f.add("call.denied", {"method": "Approve", "rule": "person.unknown"}, actor="uid:7")
    return more(f, 25)


def test_rotation():
    old = story("stn4", 20)
    new = Story(origin="test.example/stn4/2", seed=seed("stn4/2"), station="STN4")
    put("b", "weighlock stations book 1\nstation %s\n" % old.vkey())
    put("new.vkey", new.vkey() + "\n")
    write(old, "l")
    status, _, err = run("enrol", "--book", "b", "--rotate", "l", "new.vkey")
    check("a ledger that did not end vouches for no key", status == 1 and "give way" in err, err)
    pub = ml.public_key(new.seed)
    spki = hashlib.sha256(bytes.fromhex("302a300506032b6570032100") + pub).hexdigest()
    old.add("action.proposed", {"method": "rotate-key", "words": "x"}, actor="admin-1")
    old.add("key.rotated", {"new_sha256": spki, "old_sha256": "00" * 32, "proposed_by": "admin-1",
                            "which": "ledger"}, actor="admin-2")
    write(old, "l")
    put("other.vkey", Story(origin=new.origin, seed=seed("thief")).vkey() + "\n")
    check("nor for another key", run("enrol", "--book", "b", "--rotate", "l", "other.vkey")[0] == 1)
    ml.flip("l", "tile/0/000.p/%d" % len(old.entries))
    check("nor does a ledger that is not whole",
          run("enrol", "--book", "b", "--rotate", "l", "new.vkey")[0] == 1)
    write(old, "l")
    status, out, err = run("enrol", "--book", "b", "--rotate", "l", "new.vkey")
    check("the old key vouches for the new one", status == 0 and
          "ended test.example/stn4 test.example/stn4/2\n" in open("b").read(), (out, err))
    check("only once", run("enrol", "--book", "b", "--rotate", "l", "other.vkey")[0] == 1)
    new.first.update(previous_origin=old.origin, previous_checkpoint=old.checkpoint().decode())
    new.begin()
    write(new, "n")
    status, said, _ = lines("--book", "b", "l", "n")
    check("the new key must stand under the old one's last checkpoint", status == 1 and
          "succession-wrong" in kinds(said[1]), said)
    # on one medium, the old ledger in the archive: gone through before the one that follows it
    note = old.checkpoint() + ml.signature_line(
        new.origin, 1, pub, ml.sign(new.seed, old.checkpoint().split(b"\n\n")[0] + b"\n")).encode()
    new = Story(origin=new.origin, seed=new.seed, station="STN4", init={
        "previous_origin": old.origin, "previous_checkpoint": note.decode()}).begin()
    write(new, "n")
    write(old, "n/archive/1")
    open("n/archive/1/checkpoint", "wb").write(note)
    os.unlink("b.seen")
    status, said, _ = lines("--book", "b", "n")
    check("the ended ledger is not missed and its successor fits", status == 0 and
          kinds(said[0]) == ["ended", "first-visit"] and "succeeds" in kinds(said[1]) and
          "succession-unproven" not in kinds(said[1]), (status, said))
    check("who signed until when", any(
        "%s ended at %d, signed by both keys; from " % (old.origin, len(old.entries)) in x["words"]
        for x in said[1]["findings"]), said)
    status, said, _ = lines("--book", "b", "n", write(story("x"), "x"))
    check("nor later", all(x["verdict"] != "missing" for x in said), said)


def test_words():
    s = story()
    s.policy(2, second="admin-1")
    write(s, "l")
    po = os.environ.get("WL_CATALOGUE")
    env = dict(os.environ, WEIGHLOCK_LOCALES=po or "")
    out = subprocess.run([VERIFY, "--lang", "fr", "--key", s.vkey(), "l"], capture_output=True,
                         text=True, env=env).stdout
    if po:
        check("in French", "REFUSÉ" in out and "deux personnes" in out, out)
    status, out, _ = run("explain", "fork", "release-number-down")
    check("explain says what a kind means", status == 0 and len(out.splitlines()) == 2, out)
    check("and knows no other", run("explain", "nonsense")[0] == 2)
    status, out, _ = run("--key", s.vkey(), "l")
    check("text: verdict, finding, entry, what next", "REFUSED" in out and "one-person" in out and
          "Next:" in out, out)
    status, out, _ = run("--key", s.vkey(), "--book", "b", "l")
    check("a key and a book together are wrong usage", status == 2)
    check("threads: one gives the same", run("--threads", "1", "--key", s.vkey(), "l")[1] ==
          run("--threads", "4", "--key", s.vkey(), "l")[1])


def test_large_bundle():
    s = story()
    for n in range(300):
        s.add("call.denied", {"method": "x" * 60000, "rule": "person.unknown"}, actor="uid:9")
    status, said, _ = lines("--key", s.vkey(), write(s, "l"))
    check("a bundle of large entries", status == 0 and kinds(said[0]) == [], said)


def main():
    names = sys.argv[1:] or [n for n in sorted(globals()) if n.startswith("test_")]
    for name in names:
        with tempfile.TemporaryDirectory() as d:
            here = os.getcwd()
            os.chdir(d)
            globals()[name]()
            os.chdir(here)
    print("%d checks, %d failed" % (count, failed))
    return 1 if failed else 0


# the French catalogue of the build the test runs in, where it was built
catalogue = os.environ.get("WL_CATALOGUE", "po")
if os.path.exists(os.path.join(catalogue, "fr/LC_MESSAGES/weighlock.mo")):
    os.environ["WL_CATALOGUE"] = os.path.abspath(catalogue)
else:
    os.environ.pop("WL_CATALOGUE", None)
sys.exit(main())
