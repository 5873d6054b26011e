#!/usr/bin/env python3
"""A bag as it is composed: BagIt 1.0 by hashlib, pages by tidy, and every command a page prints.

Nobody's library checks it: Debian 12 has none for BagIt, so RFC 8493's rules stand here once more.
"""
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile

import bag_make as b

failures = 0


def check(what, good, detail=""):
    global failures
    print("%s - %s %s" % ("ok" if good else "not ok", what, "" if good else detail))
    failures += not good


def listing(folder):
    found = []
    for base, _, names in os.walk(folder):
        found += [os.path.relpath(os.path.join(base, n), folder) for n in names]
    return sorted(found)


def manifest(folder, name):
    lines = b.read(os.path.join(folder, name)).decode().split("\n")
    return dict(reversed(line.split("  ", 1)) for line in lines[:-1]), lines[-1] == ""


def bagit(folder):
    """RFC 8493: what a complete and valid bag is."""
    import hashlib
    files = listing(folder)
    payload = [f for f in files if f.startswith("data/")]
    check("bagit.txt", b.read(folder + "/bagit.txt") ==
          b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    for kind in ("sha256", "sha512"):
        lines, ended = manifest(folder, "manifest-%s.txt" % kind)
        check("manifest-%s names the payload, each file once" % kind, sorted(lines) == payload and ended)
        check("and its digests", all(hashlib.new(kind, b.read(os.path.join(folder, f))).hexdigest() == d
                                     for f, d in lines.items()))
    tags, _ = manifest(folder, "tagmanifest-sha256.txt")
    check("the tag manifest names every tag file but itself",
          sorted(tags) == [f for f in files if f not in payload and f != "tagmanifest-sha256.txt"], tags)
    check("and their digests", all(b.sha256(b.read(os.path.join(folder, f))) == d for f, d in tags.items()))
    info = dict(line.split(": ", 1) for line in b.read(folder + "/bag-info.txt").decode().splitlines())
    size = sum(os.path.getsize(os.path.join(folder, f)) for f in payload)
    check("bag-info", info == {"Bagging-Date": b.WHEN[:10], "Payload-Oxum": "%d.%d" % (size, len(payload)),
                               "External-Identifier": b.TRANSFER + "/" + payload[0].split("/")[1]}, info)
    bad = [f for f in files if re.search(r'[<>:"|?*\\\x00-\x1f]|[. ]$', f) or len(f) > 100 or
           re.match(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", os.path.basename(f), re.I)]
    check("every name is legal on Windows", not bad, bad)


def pages(folder):
    for name in [f for f in listing(folder) if f.endswith(".html")]:
        text = b.read(os.path.join(folder, name)).decode()
        if shutil.which("tidy"):
            done = b.run("tidy", "-errors", "-quiet", os.path.join(folder, name))
            check("tidy has nothing to say of " + name, done.returncode == 0 and not done.stderr,
                  done.stderr.decode())
        links = re.findall(r'(?:href|src)="([^"]*)"', text)
        check("%s: no script, nothing from elsewhere" % name,
              "<script" not in text and "://" not in text and "javascript:" not in text and
              all(link.startswith("#") or os.path.exists(os.path.join(folder, link)) for link in links),
              links)
        check("%s: both languages" % name, 'lang="fr"' in text and 'lang="en"' in text)


def commands(folder):
    text = b.read(folder + "/LISEZ-MOI_READ-ME.html").decode()
    return [html.unescape(block) for block in re.findall(r"<pre>(.*?)</pre>", text, re.S)]


def shell(folder, script):
    return subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True)


def printed_commands(folder):
    """Exactly what the page prints, in the bag's folder with the certificate brought along."""
    blocks = [c for c in commands(folder) if c.startswith(("sha256sum", "openssl cms -verify"))]
    check("the page prints them in both languages", len(blocks) == 4 and blocks[:2] == blocks[2:], blocks)
    shutil.copy("station.pem", folder)
    for c in blocks[:2]:
        done = shell(folder, c)
        check("it runs: " + c.split("\n")[0][:50], done.returncode == 0, done.stdout + done.stderr)
    victim = os.path.join(folder, [f for f in listing(folder) if f.startswith("data/")][0])
    whole = b.read(victim)
    b.write(victim, whole[:-1] + b"!")
    check("sha256sum sees a changed picture", shell(folder, blocks[0].split("\n")[0]).returncode != 0)
    b.write(victim, whole)
    record = b.read(folder + "/custody.json")
    b.write(folder + "/custody.json", record.replace(b"2026-FA-0311", b"2026-FA-0312"))
    check("openssl sees a changed record", shell(folder, blocks[1]).returncode != 0)
    b.write(folder + "/custody.json", record)
    shutil.copy("other.pem", folder + "/station.pem")
    check("and another station's certificate", shell(folder, blocks[1]).returncode != 0)
    os.unlink(folder + "/station.pem")


def receipts(folder):
    """What the recipient types to say that it arrived: openssl takes the signature for one over the file."""
    blocks = [c for c in commands(folder) if c.startswith("openssl cms -sign")]
    check("the page says how to sign the receipt", len(blocks) == 2 and blocks[0] == blocks[1], blocks)
    signed, beside = folder + "/tagmanifest-sha256.txt", folder + "/tagmanifest-sha256.txt.p7s"
    b.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-subj", "/CN=r",
              "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem")
    done = shell(folder, blocks[0])
    check("and it does", done.returncode == 0, done.stderr)
    done = shell(folder, "openssl cms -verify -binary -inform DER -content %s -in %s -CAfile cert.pem -purpose any "
                 "-out /dev/null" % (os.path.basename(signed), os.path.basename(beside)))
    check("openssl verifies it", done.returncode == 0, done.stderr)
    for name in ("key.pem", "cert.pem", os.path.basename(beside)):
        os.unlink(os.path.join(folder, name))


def decrypting(folder):
    blocks = [c for c in commands(folder) if c.startswith("openssl cms -decrypt")]
    check("the page of an encrypted bag says how to decrypt", len(blocks) == 2)
    shutil.copy("lab.key", folder + "/key.pem")
    done = shell(folder, blocks[0])
    out = os.path.join(folder, blocks[0].split()[-1])
    check("and it does", done.returncode == 0 and b.read(out) == b.png(1), done.stderr)
    os.unlink(out)
    os.unlink(folder + "/key.pem")
    check("no index of pictures that cannot be looked at", not os.path.exists(folder + "/index.html"))


def sealer(plain):
    b.write("plain", plain)
    b.openssl("cms", "-encrypt", "-binary", "-stream", "-aes256", "-in", "plain", "-outform", "DER", "-out",
              "sealed", "-recip", "lab.pem", "-keyopt", "rsa_padding_mode:oaep")
    return b.read("sealed")


def determinism():
    b.make("one")
    b.make("two", time=b.TIME + 86400)
    same = [f for f in listing("one") if b.read("one/" + f) == b.read("two/" + f)]
    check("equal pictures, another day: payload and its manifests are the same bytes",
          all(f in same for f in listing("one") if f.startswith(("data/", "manifest-"))), same)
    b.make("three")
    same = [f for f in listing("one") if f.endswith(".p7s") or "tagmanifest" in f or
            b.read("one/" + f) == b.read("three/" + f)]
    check("equal orders give equal files", same == listing("one"))


def paths():
    tool = os.path.join(b.BUILD, "tests/unit/bag_tool")
    for words, want in (
            (("scrubbed", b.TRANSFER, "3", "", "0"), "data/scrubbed/STN3-T000042.00003.png"),
            (("scrubbed", b.TRANSFER, "3", "x.exe", "1"), "data/scrubbed/STN3-T000042.00003.png.p7m"),
            (("evidence", b.TRANSFER, "7", "a/b.JPG", "0"), "data/evidence/STN3-T000042.00007.jpg"),
            (("evidence", b.TRANSFER, "7", "b.TiFF", "1"), "data/evidence/STN3-T000042.00007.tiff.p7m"),
            (("evidence", b.TRANSFER, "7", "setup.exe", "0"), "data/evidence/STN3-T000042.00007.bin"),
            (("evidence", b.TRANSFER, "7", "jpg", "0"), "data/evidence/STN3-T000042.00007.bin"),
            (("evidence", b.TRANSFER, "7", ".jpg", "0"), "data/evidence/STN3-T000042.00007.jpg"),
            (("evidence", b.TRANSFER, "7", "x.jpg/y", "0"), "data/evidence/STN3-T000042.00007.bin"),
            (("evidence", b.TRANSFER, "7", "x.", "0"), "data/evidence/STN3-T000042.00007.bin"),
            (("evidence", b.TRANSFER, "7", "x.../../etc", "0"), "data/evidence/STN3-T000042.00007.bin"),
            (("evidence", b.TRANSFER, "99999", "", "0"), "data/evidence/STN3-T000042.99999.bin"),
            (("evidence", b.TRANSFER, "100000", "", "0"), "path: Invalid argument"),
            (("evidence", b.TRANSFER, "0", "", "0"), "path: Invalid argument"),
            (("evidence", "../x", "1", "", "0"), "path: Invalid argument")):
        done = b.run(tool, "path", *words)
        check("path of %s %s" % (words[2], words[3] or "-"), done.stdout.decode().strip() == want,
              done.stdout)


def wrong_orders():
    tool = os.path.join(b.BUILD, "tests/unit/bag_tool")
    b.make("base")
    good = [f for f in listing("base") if f.startswith("data/")]
    b.write("base/data/scrubbed/evil.png", b"x")
    b.write("base/data/scrubbed/STN3-T000043.00001.png", b"x")
    b.write("empty", b"")
    for what, payload, custody in (("no payload", [], "custody.json"),
                                   ("a repetition", good[:1] * 2, "custody.json"),
                                   ("another order", good[::-1], "custody.json"),
                                   ("a name of its own", ["data/scrubbed/evil.png"], "custody.json"),
                                   ("another transfer's", ["data/scrubbed/STN3-T000043.00001.png"],
                                    "custody.json"),
                                   ("no record", good, "empty")):
        done = b.run(tool, "base", b.TRANSFER, "scrubbed", "1", "0", "0", custody, "custody.json.p7s",
                     "receipt.txt", *payload)
        check("refused: " + what, done.stdout == b"compose: Invalid argument\n", done.stdout)


def main():
    with tempfile.TemporaryDirectory(prefix="wlbag") as folder:
        os.chdir(folder)
        b.certificate("station")
        b.certificate("other")
        b.openssl("req", "-x509", "-newkey", "rsa:3072", "-nodes", "-keyout", "lab.key", "-out", "lab.pem",
                  "-subj", "/CN=lab")
        for output in ("scrubbed", "evidence"):
            bag = b.make("bag", output, test=output == "evidence")
            bagit(bag)
            pages(bag)
            printed_commands(bag)
            receipts(bag)
            check("an index where there are pictures",
                  os.path.exists("bag/index.html") == (output == "scrubbed"))
        check("a test station says so", "ESSAI" in b.read("bag/LISEZ-MOI_READ-ME.html").decode())
        bag = b.make("sealed-bag", "scrubbed", encrypt=sealer)
        bagit(bag)
        pages(bag)
        decrypting(bag)
        determinism()
        paths()
        wrong_orders()
    print("%d failed" % failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
