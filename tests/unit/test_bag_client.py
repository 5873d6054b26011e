#!/usr/bin/env python3
"""`weighlock bag verify` and `bag open` on good and hostile bags made by bag_make.py.

Signatures and decryption run in the sandbox; skipped where none can be made.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import bag_make as b

WEIGHLOCK = os.path.join(b.BUILD, "client/weighlock")
failures = 0


def check(what, good, detail=""):
    global failures
    print("%s - %s %s" % ("ok" if good else "not ok", what, "" if good else detail))
    failures += not good


def weighlock(*args, form=("--json",)):
    done = subprocess.run([WEIGHLOCK, *args, *form], capture_output=True, text=True,
                          env=dict(os.environ, LC_ALL="C.UTF-8", WEIGHLOCK_LOCALES=os.path.join(b.BUILD, "po")))
    if "--json" not in form:
        return done.returncode, {}, done.stdout
    try:
        answer = json.loads(done.stdout.splitlines()[0]) if done.stdout else {}
    except json.JSONDecodeError:
        answer = {"broken": done.stdout}
    if answer.get("rule") == "station.sandbox-missing":
        print("no sandbox can be made here: skipped")
        sys.exit(77)
    return done.returncode, answer, done.stderr


def verify(folder, *more, cert="station.pem"):
    return weighlock("bag", "verify", folder, "--cert", cert, *more)


def refused(what, folder, rule, name=None, **kwargs):
    status, answer, words = verify(folder, **kwargs)
    named = not name or any(f["file"] == name and f["rule"] == rule for f in answer.get("findings", []))
    check("%s: %s" % (what, rule), status == 1 and answer.get("verdict") == "refuse" and
          rule in answer.get("rules", []) and named and "REFUSED" in words, (status, answer, words))


def resum(folder, names=None):
    """Writes the manifests again, as whoever changed a bag would."""
    import hashlib
    files = sorted(os.path.relpath(os.path.join(base, n), folder) for base, _, ns in os.walk(folder)
                   for n in ns)
    payload = names if names is not None else [f for f in files if f.startswith("data/")]
    for kind in ("sha256", "sha512"):
        lines = ["%s  %s\n" % (hashlib.new(kind, b.read(os.path.join(folder, f)) if
                                           os.path.isfile(os.path.join(folder, f)) else b"").hexdigest(), f)
                 for f in payload]
        b.write(folder + "/manifest-%s.txt" % kind, "".join(lines).encode())
    size = sum(os.path.getsize(os.path.join(folder, f)) for f in payload
               if os.path.isfile(os.path.join(folder, f)))
    info = b.read(folder + "/bag-info.txt").decode().splitlines()
    info[2] = "Payload-Oxum: %d.%d" % (size, len(payload))
    b.write(folder + "/bag-info.txt", ("\n".join(info) + "\n").encode())
    retag(folder)


def retag(folder):
    tags = sorted(n for n in os.listdir(folder) if os.path.isfile(os.path.join(folder, n)) and
                  n != "tagmanifest-sha256.txt")
    b.write(folder + "/tagmanifest-sha256.txt",
            "".join("%s  %s\n" % (b.sha256(b.read(os.path.join(folder, n))), n) for n in tags).encode())


def first(folder):
    return sorted("data/%s/%s" % (d, n) for d in os.listdir(folder + "/data")
                  for n in os.listdir(folder + "/data/" + d))[0]


def good():
    for output in ("scrubbed", "evidence"):
        b.make("bag", output)
        status, answer, words = verify("bag")
        check("a good bag of " + output, status == 0 and answer["verdict"] == "pass" and
              answer["files"] == 3 and answer["case"] == "2026-FA-0311" and answer["findings"] == [] and
              answer["proved"] == ["payload.complete", "record.signature", "record.files"] and
              answer["not_proved"] == ["certificate.owner", "certificate.revoked", "ledger.entry"],
              (status, answer, words))
        der = b.openssl("x509", "-in", "station.pem", "-outform", "DER")
        check("it shows the certificate's fingerprint", b.sha256(der) in words and
              answer["certificate_sha256"] == b.sha256(der))
    for litter, size in (("System Volume Information/WPSettings.dat", 12), ("desktop.ini", 100)):
        b.write("bag/" + litter, b"x" * size)
    status, answer, words = verify("bag")
    check("what Windows leaves beside it is no part of it", status == 0 and answer["beside"] == 2, words)
    _, _, words = weighlock("bag", "verify", "bag", "--cert", "station.pem", form=("--lang", "fr"))
    check("in French", "ACCEPT" in words and "Non prouvé ici" in words, words)


def expired():
    """The certificate had ended when the record was signed: said by the record, or refused."""
    late = b.TIME + 8000 * 86400
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(late))
    end = b.openssl("x509", "-in", "station.pem", "-noout", "-enddate").decode().strip().split("=")[1]
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.strptime(end, "%b %d %H:%M:%S %Y %Z"))

    def marked(**more):
        def change(record):
            return json.dumps(dict(json.loads(record), time=when, **more), sort_keys=True,
                              separators=(",", ":")).encode()
        return change
    b.make("bag", time=late, change=marked(certificate_expired=ended))
    status, answer, words = verify("bag")
    check("signed after the certificate's end, which the record says", status == 0 and
          answer["certificate_expired"] == ended and "had expired on " + ended[:10] in words, (status, answer, words))
    b.make("bag", time=late, change=marked())
    refused("the same where it does not say so", "bag", "bag.signature", "custody.json.p7s")
    b.make("bag", time=late, change=marked(certificate_expired=when))
    refused("a record that names a later end than the certificate's", "bag", "bag.signature", "custody.json.p7s")


def changed():
    b.make("bag")
    victim = first("bag")
    whole = b.read("bag/" + victim)
    b.write("bag/" + victim, whole[:-1] + b"?")
    refused("a changed picture", "bag", "bag.file-changed", victim)
    resum("bag")
    refused("and with manifests made to fit", "bag", "bag.file-changed", victim)
    b.make("bag")
    os.unlink("bag/" + victim)
    refused("a missing picture", "bag", "bag.file-missing", victim)
    resum("bag")
    refused("and with manifests made to fit", "bag", "bag.file-missing", os.path.basename(victim))
    check("and the others are not called changed", len(verify("bag")[1]["findings"]) == 1)
    b.make("bag")
    last = sorted(os.listdir("bag/data/scrubbed"))[-1]
    os.unlink("bag/data/scrubbed/" + last)
    resum("bag")
    refused("the last one gone, manifests made to fit", "bag", "bag.file-missing", last)
    for extra in ("data/scrubbed/autorun.inf", "autorun.inf", "data/x", "readme.lnk", ".hidden"):
        b.make("bag")
        b.write("bag/" + extra, b"x")
        refused("an extra file " + extra, "bag", "bag.file-extra", extra)
    b.make("bag")
    b.write("bag/data/scrubbed/STN3-T000042.00099.png", b"x")
    resum("bag")
    refused("an extra picture, manifests made to fit", "bag", "bag.file-extra",
            "data/scrubbed/STN3-T000042.00099.png")
    for tag in ("LISEZ-MOI_READ-ME.html", "receipt.txt", "index.html"):
        b.make("bag")
        b.write("bag/" + tag, b.read("bag/" + tag) + b" ")
        refused("a changed " + tag, "bag", "bag.file-changed", tag)
    for tag in ("custody.json", "custody.json.p7s", "receipt.txt", "LISEZ-MOI_READ-ME.html"):
        b.make("bag")
        os.unlink("bag/" + tag)
        refused("without " + tag, "bag", "bag.file-missing", tag)
        retag("bag")
        refused("and the tag manifest made to fit", "bag", "bag.structure")


def structure():
    cases = (
        ("another version", "bagit.txt", b"BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n"),
        ("an empty manifest", "manifest-sha256.txt", b""),
        ("a line cut short", "manifest-sha256.txt", b"abc"),
        ("no date", "bag-info.txt", b"Payload-Oxum: 1.1\n"),
        ("a huge manifest", "manifest-sha256.txt", b"0" * (9 << 20)),
        ("a manifest of 30000 lines", "manifest-sha256.txt",
         b"".join(b"0" * 64 + b"  data/%06d\n" % i for i in range(30000))),
    )
    for what, name, data in cases:
        b.make("bag")
        b.write("bag/" + name, data)
        retag("bag")
        refused(what, "bag", "bag.structure")
    for path in ("../outside", "/etc/passwd", "data/../../outside", "data/./x", "data//x", "data/.x",
                 "data/a\\b", "data/x/", "data/caf\u00e9", "data/a b", "data/a:b", "custody.json", "data/"):
        b.make("bag")
        b.write("outside", b"")
        text = b.read("bag/manifest-sha256.txt").decode()
        b.write("bag/manifest-sha256.txt", (text + "%s  %s\n" % (b.sha256(b""), path)).encode())
        retag("bag")
        refused("the path %s in a manifest" % path, "bag", "bag.structure")
    b.make("bag")
    lines = b.read("bag/manifest-sha256.txt").splitlines(True)
    for what, order in (("twice the same", lines[:1] + lines), ("another order", lines[::-1])):
        b.write("bag/manifest-sha256.txt", b"".join(order))
        retag("bag")
        refused(what, "bag", "bag.structure")
    b.make("bag")
    b.write("bag/bag-info.txt", b.read("bag/bag-info.txt").replace(b".3\n", b".4\n"))
    retag("bag")
    refused("a Payload-Oxum that is not so", "bag", "bag.structure")
    b.make("bag")
    b.write("bag/manifest-sha512.txt", b"".join(b.read("bag/manifest-sha512.txt").splitlines(True)[:-1]))
    retag("bag")
    refused("one manifest shorter", "bag", "bag.structure")
    b.make("bag")
    info = b.read("bag/bag-info.txt").replace(b"T000042", b"T000043")
    b.write("bag/bag-info.txt", info)
    retag("bag")
    refused("another transfer in bag-info", "bag", "bag.structure")


def links():
    b.make("bag")
    victim = first("bag")
    shutil.move("bag/" + victim, "moved")
    os.symlink(os.path.abspath("moved"), "bag/" + victim)
    status, answer, words = verify("bag")
    check("a link instead of a picture is not followed", status == 2 and "link" in words, words)
    os.unlink("bag/" + victim)
    os.mkfifo("bag/" + victim)
    status, answer, words = verify("bag")
    check("nor a pipe waited for", status == 2, words)
    shutil.rmtree("bag")
    b.make("real")
    os.symlink("real", "bag")
    status, _, words = verify("bag")
    check("the folder itself may be named through one", status == 0, words)
    os.unlink("bag")
    status, _, words = verify("nothing-here")
    check("no folder", status == 2, words)


def signatures():
    b.make("bag")
    refused("another certificate", "bag", "bag.signature", cert="other.pem")
    b.make("bag", signer="other")
    refused("signed by another", "bag", "bag.signature")
    for what, data in (("nothing", b""), ("junk", b"0" * 500), ("a huge file", b"0" * (1 << 20))):
        b.make("bag")
        b.write("bag/custody.json.p7s", data)
        retag("bag")
        refused("signature: " + what, "bag", "bag.signature")
    b.make("bag")
    b.write("bag/custody.json", b.read("bag/custody.json").replace(b"2026-FA-0311", b"2026-FA-0312"))
    retag("bag")
    refused("another case in the record", "bag", "bag.signature")
    status, _, words = verify("bag", cert="bag/custody.json")
    check("what is no certificate is wrong usage", status == 2, words)

    def damage(**changes):
        def change(record):
            o = json.loads(record)
            o.update(changes)
            return json.dumps(o, sort_keys=True, separators=(",", ":")).encode()
        return change
    for what, change, rule in (
            ("signed, but of another transfer", damage(transfer="STN3-T000043"), "bag.structure"),
            ("signed, but of the other output", damage(output="evidence"), "bag.structure"),
            ("signed, but of another day", damage(time="2019-01-01T00:00:00Z"), "bag.structure"),
            ("signed, but no record", lambda r: b"[]", "bag.structure"),
            ("signed, but no JSON", lambda r: b"{", "bag.structure"),
            ("signed, but a member twice", lambda r: r[:-1] + b',"type":"x"}', "bag.structure"),
            ("signed, without items", damage(items=[]), "bag.file-extra"),
            ("signed, items that are none", damage(items=[1, None, "x"]), "bag.file-extra")):
        b.make("bag", change=change)
        refused(what, "bag", rule)


def receipts():
    receipt = b.Receipt(b.intent_entry("scrubbed"))
    b.make("bag", receipt=receipt.text())
    status, answer, words = verify("bag", "--receipt", "bag/receipt.txt", "--key", receipt.vkey)
    check("with its receipt", status == 0 and "ledger.entry" in answer["proved"] and
          "ledger.entry" not in answer["not_proved"], (answer, words))
    status, answer, words = verify("bag", "--receipt", "bag/receipt.txt")
    check("receipt without key", status == 2, words)
    status, answer, words = verify("bag", "--receipt", "bag/receipt.txt", "--key", "nonsense")
    check("a key that is none", status == 2, words)
    changed_entry = receipt.entry.replace(b"T000042", b"T000043")
    other = b.Receipt(b.intent_entry("evidence"))
    cases = (("of another output", other.text(), other.vkey),
             ("with another entry than proved", other.text(entry=changed_entry), other.vkey),
             ("of another number", other.text(index=80), other.vkey),
             ("with a step missing", other.text(path=other.path[:-1]), other.vkey),
             ("with a step too many", other.text(path=other.path + other.path[:1]), other.vkey),
             ("signed over another origin", other.text(origin="stations.example/x"), other.vkey),
             ("under another key", other.text(), receipt.vkey),
             ("empty", b"", other.vkey), ("junk", b"\xff" * 300, other.vkey),
             ("without its entry", b"\n".join(l for l in other.text().split(b"\n")
                                              if not l.startswith(b"extra ")), other.vkey))
    for what, text, key in cases:
        b.write("r", text)
        status, answer, words = verify("bag", "--receipt", "r", "--key", key)
        check("a receipt %s: bag.receipt" % what, status == 1 and answer["rule"] == "bag.receipt",
              (status, answer, words))


def sealer(plain):
    b.write("plain", plain)
    b.openssl("cms", "-encrypt", "-binary", "-stream", "-aes256", "-in", "plain", "-outform", "DER", "-out",
              "sealed", "-recip", "lab.pem", "-keyopt", "rsa_padding_mode:oaep", "-keyopt",
              "rsa_oaep_md:sha256")
    return b.read("sealed")


def opening():
    b.make("bag", encrypt=sealer)
    status, answer, words = verify("bag")
    check("an encrypted bag", status == 0 and answer["encrypted"] and
          "payload.plain" in answer["not_proved"], words)
    status, answer, words = weighlock("bag", "open", "bag", "--key", "lab.key", "-o", "open")
    names = sorted(os.listdir("open"))
    check("opens", status == 0 and answer["opened"] == 3 and names ==
          ["STN3-T000042.0000%d.png" % i for i in (1, 2, 3)] and
          all(b.read("open/" + n) == b.png(i + 1) for i, n in enumerate(names)), (answer, words))
    status, answer, words = weighlock("bag", "open", "bag", "--key", "lab.key", "-o", "open")
    check("not into a folder that holds something", status == 2 and "not empty" in words, words)
    os.mkdir("there")
    status, answer, words = weighlock("bag", "open", "bag", "--key", "lab.key", "-o", "there")
    check("but into an empty one", status == 0 and len(os.listdir("there")) == 3, words)
    status, answer, words = weighlock("bag", "open", "bag", "--key", "stranger.key", "-o", "no1")
    check("not with another key", status == 1 and answer["rule"] == "bag.not-opened" and
          os.listdir("no1") == [], (answer, words))
    status, answer, words = weighlock("bag", "open", "bag", "--key", "lab.pem", "-o", "no2")
    check("nor with what is no key", status == 1 and "without passphrase" in words and
          os.listdir("no2") == [], words)
    victim = "bag/" + first("bag")
    b.write(victim, b.read(victim) + b"x")
    status, answer, words = weighlock("bag", "open", "bag", "--key", "lab.key", "-o", "no3")
    check("a changed bag is not opened at all", status == 1 and answer["rule"] == "bag.file-changed" and
          not os.path.exists("no3"), (answer, words))

    def swap(record):
        o = json.loads(record)
        o["items"][1]["output_sha256"] = "0" * 64
        return json.dumps(o, sort_keys=True, separators=(",", ":")).encode()
    b.make("bag", encrypt=sealer, change=swap)
    status, answer, words = weighlock("bag", "open", "bag", "--key", "lab.key", "-o", "no4")
    check("what is not what the record names gets no name", status == 1 and
          answer["rule"] == "bag.not-opened" and os.listdir("no4") == ["STN3-T000042.00001.png"],
          (answer, words, os.listdir("no4")))
    b.make("bag")
    status, answer, words = weighlock("bag", "open", "bag", "--key", "lab.key", "-o", "no5")
    check("a bag that is not encrypted needs no opening", status == 2 and not os.path.exists("no5"), words)


def main():
    with tempfile.TemporaryDirectory(prefix="wlbag") as folder:
        os.chmod(folder, 0o755)
        os.chdir(folder)
        b.certificate("station")
        b.certificate("other")
        for name in ("lab", "stranger"):
            b.openssl("req", "-x509", "-newkey", "rsa:3072", "-nodes", "-keyout", name + ".key", "-out",
                      name + ".pem", "-subj", "/CN=" + name)
        for step in (good, expired, changed, structure, links, signatures, receipts, opening):
            step()
    print("%d failed" % failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
