#!/usr/bin/env python3
"""seal and unseal in their sandbox, checked with openssl and hashlib.

Sizes around the blocks, several recipients of both kinds, constant memory for a file far larger than
the worker's own buffers, a full disk, recipients that will not do, and sealed files changed in every
way; what openssl encrypts in the same form is opened too. Skipped where no sandbox can be made.
"""
import hashlib
import os
import resource
import subprocess
import sys
import tempfile

BUILD = os.environ.get("WL_BUILD", os.getcwd())
TOOL = os.path.join(BUILD, "tests/unit/seal_tool")
ENV = dict(os.environ, SEAL_SPAWND=os.path.join(BUILD, "weighlock-spawnd"),
           WEIGHLOCK_WORKERS=os.path.join(BUILD, "daemon/worker"))
for place in ("weighlock-spawnd", "daemon/spawn/weighlock-spawnd"):
    if os.path.exists(os.path.join(BUILD, place)):
        ENV["SEAL_SPAWND"] = os.path.join(BUILD, place)
failures = 0


def check(what, good, detail=""):
    global failures
    print("%s - %s %s" % ("ok" if good else "not ok", what, "" if good else detail))
    failures += not good


def run(*args, **kwargs):
    done = subprocess.run([TOOL, *args], env=ENV, capture_output=True, text=True, **kwargs)
    if done.returncode == 77:
        print("no sandbox can be made here: skipped")
        sys.exit(77)
    return done.stdout.splitlines()


def openssl(*args, good=True):
    done = subprocess.run(["openssl", *args], capture_output=True)
    if good and done.returncode:
        raise SystemExit("openssl %s: %s" % (args[0], done.stderr.decode()))
    return done


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


def certificate(name, *key, usage=None):
    args = ["req", "-x509", "-newkey", *key, "-nodes", "-keyout", name + ".key", "-out", name + ".pem",
            "-subj", "/CN=" + name, "-days", "3650"]
    if usage:
        args += ["-addext", "keyUsage=" + usage]
    openssl(*args)
    der = openssl("x509", "-in", name + ".pem", "-outform", "DER").stdout
    return "%s.pem:%s" % (name, hashlib.sha256(der).hexdigest())


def rsa(name, bits=3072, **kwargs):
    return certificate(name, "rsa:%d" % bits, **kwargs)


def ec(name, curve="P-384", **kwargs):
    return certificate(name, "ec", "-pkeyopt", "ec_paramgen_curve:" + curve, **kwargs)


def facts_hold(line, source, sealed):
    word = line.split()
    return word == ["done", str(len(sealed)), hashlib.sha256(sealed).hexdigest(),
                    hashlib.sha512(sealed).hexdigest(), hashlib.sha256(source).hexdigest()]


def sizes(recipients):
    for size in (0, 1, 15, 16, 17, 4095, 4096, 65537, 3000000):
        source = os.urandom(size)
        write("in", source)
        lines = run("seal", "--", "in", "plain")
        check("%d bytes, plain copy" % size,
              read("plain") == source and facts_hold(lines[0], source, source) and lines[1] == "end")
        lines = run("seal", *recipients, "--", "in", "sealed")
        sealed = read("sealed")
        check("%d bytes, sealed, facts" % size, facts_hold(lines[0], source, sealed), lines)
        for name in ("lab", "desk", "crown"):
            openssl("cms", "-decrypt", "-binary", "-inform", "DER", "-in", "sealed", "-inkey",
                    name + ".key", "-recip", name + ".pem", "-out", "opened")
            check("%d bytes, openssl opens it as %s" % (size, name), read("opened") == source)
            lines = run("unseal", name + ".key", "sealed", "opened")
            check("%d bytes, unseal opens it as %s" % (size, name),
                  read("opened") == source and lines[-1] == "end" and
                  lines[0] == "done %d %s" % (size, hashlib.sha256(source).hexdigest()), lines)


def several_files(recipients):
    names = []
    for i in range(30):
        write("f%d" % i, os.urandom(1000 + i))
        names += ["f%d" % i, "s%d" % i]
    lines = run("seal", *recipients, "--", *names)
    keys = {read("s%d" % i)[-1100:] for i in range(30)}
    check("one worker, thirty files", len(lines) == 31 and lines[-1] == "end" and len(keys) == 30)
    lines = run("unseal", "lab.key", *[n for i in range(30) for n in ("s%d" % i, "o%d" % i)])
    check("thirty opened", all(read("o%d" % i) == read("f%d" % i) for i in range(30)), lines)


def algorithms():
    shape = openssl("asn1parse", "-inform", "DER", "-in", "sealed").stdout.decode()
    for word in ("aes-256-cbc", "rsaesOaep", "mgf1", "dhSinglePass-stdDH-sha256kdf-scheme",
                 "id-aes256-wrap"):
        check("the message says " + word, word in shape)
    check("and no SHA-1", "sha1" not in shape)


def big(recipients):
    """768 MiB through a worker that may have 512 MiB of address space, and uses a few. Where the programs
    are slower and run once more (WL_SPOIL_EVERY), 96 MiB."""
    mib = 96 if "WL_SPOIL_EVERY" in os.environ else 768
    size = mib << 20
    with open("big", "wb") as f:
        f.truncate(size)
    lines = run("seal", *recipients, "--", "big", "sealed-big")
    grown = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    check("%d MiB sealed" % mib, lines[-1] == "end" and int(lines[0].split()[1]) > size, lines)
    lines = run("unseal", "crown.key", "sealed-big", "/dev/null")
    check("%d MiB opened" % mib, lines[-1] == "end" and lines[0].split()[1] == str(size), lines)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    check("in constant memory: no process was over 64 MiB (%d, %d KiB)" % (grown, peak),
          peak < 64 * 1024)
    os.unlink("big")
    os.unlink("sealed-big")


def full_disk(recipients):
    write("in", os.urandom(3000000))
    for what in ([], recipients):
        lines = run("seal", *what, "--", "in", "/dev/full")
        check("a full disk is said to be one", lines and lines[0].startswith("fault 28 "), lines)
    lines = run("unseal", "lab.key", "sealed", "/dev/full")
    check("and when opening", lines and lines[0].startswith("fault 28 "), lines)


def bad_recipients(good):
    write("in", b"picture")
    write("junk.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    digest = good.split(":")[1]
    cases = [
        ("RSA of 2048 bits", "export.recipient-weak", rsa("short", 2048)),
        ("P-521", "export.recipient-unfit", ec("curve", "P-521")),
        ("Ed25519", "export.recipient-unfit", certificate("edwards", "ed25519")),
        ("RSA for signing only", "export.recipient-unfit", rsa("signer", usage="digitalSignature")),
        ("EC for signing only", "export.recipient-unfit", ec("ecsigner", usage="digitalSignature")),
        ("no certificate", "export.recipient-unfit", "junk.pem:" + digest),
        ("another certificate than named", "export.recipient-unfit", "desk.pem:" + digest),
    ]
    for what, rule, recipient in cases:
        for order in ([recipient], [good, recipient], [recipient, good]):
            if os.path.exists("out"):
                os.unlink("out")
            lines = run("seal", *order, "--", "in", "out")
            check("%s is refused" % what, lines and lines[0].startswith("finding %s " % rule) and
                  len(lines) == 1 and read("out") == b"", lines)
    usable = [rsa("enciphers", usage="keyEncipherment"), ec("agrees", usage="keyAgreement")]
    check("what is meant for it passes", run("seal", *usable, "--", "in", "out")[-1] == "end")
    check("17 recipients are too many, 16 are not",
          run("seal", *[good] * 16, "--", "in", "out")[-1] == "end" and
          run("seal", *[good] * 17, "--", "in", "out")[0].startswith("fault 7 "))


def unseal_says(sealed, key="lab.key"):
    write("hostile", sealed)
    return run("unseal", key, "hostile", "opened")


def hostile(recipients):
    source = os.urandom(9000)
    write("in", source)
    run("seal", *recipients, "--", "in", "sealed")
    sealed = read("sealed")
    digest = hashlib.sha256(source).hexdigest()
    for what, data in (("empty", b""), ("text", b"hello " * 100), ("a picture", b"\x89PNG\r\n\x1a\n" * 99),
                       ("zeros", bytes(100000)), ("followed by a byte", sealed + b"\0"),
                       ("followed by itself", sealed * 2), ("opened and never closed", sealed[:-2])):
        lines = unseal_says(data)
        check("%s: not opened" % what, lines[0].startswith("finding bag.not-opened "), lines)
    wrong = 0
    for cut in list(range(0, 1700, 41)) + [len(sealed) - n for n in range(1, 20)]:
        lines = unseal_says(sealed[:cut])
        wrong += not lines[0].startswith("finding bag.not-opened ")
    check("cut short anywhere: not opened", wrong == 0, wrong)
    wrong = 0
    for at in list(range(0, 1500, 23)) + [len(sealed) - n for n in range(1, 16)]:
        changed = bytearray(sealed)
        changed[at] ^= 0x41
        lines = unseal_says(bytes(changed))
        # another recipient's part may be changed without harm; the digest tells everything else
        wrong += not (lines[0].startswith("finding bag.not-opened ") or
                      lines[0].startswith("done ") and (lines[0].split()[2] != digest or
                                                        read("opened") == source))
    check("changed anywhere: refused, or its digest tells", wrong == 0, wrong)
    rsa("stranger")
    check("another's key opens nothing",
          unseal_says(sealed, "stranger.key")[0].startswith("finding bag.not-opened "))
    for what, pem in (("a certificate", read("lab.pem")), ("nothing", b""), ("junk", os.urandom(500))):
        write("bad.key", pem)
        check("%s is no key" % what,
              unseal_says(sealed, "bad.key")[0].startswith("finding bag.not-opened the key file"))
    openssl("pkey", "-in", "lab.key", "-aes256", "-passout", "pass:x", "-out", "locked.key")
    check("a key under a passphrase is refused, not asked for",
          "without passphrase" in unseal_says(sealed, "locked.key")[0])
    write("in", source)
    openssl("cms", "-encrypt", "-binary", "-stream", "-aes256", "-in", "in", "-outform", "DER", "-out",
            "theirs", "desk.pem")
    check("what openssl makes as a stream is opened too",
          run("unseal", "desk.key", "theirs", "opened")[-1] == "end" and read("opened") == source)
    openssl("cms", "-encrypt", "-binary", "-stream", "-aes128", "-in", "in", "-outform", "DER", "-out",
            "theirs", "desk.pem")
    check("but not AES-128", run("unseal", "desk.key", "theirs", "opened")[0].startswith("finding bag."))


def main():
    with tempfile.TemporaryDirectory(prefix="wlseal") as folder:
        os.chmod(folder, 0o755)
        os.chdir(folder)
        recipients = [rsa("lab"), ec("desk"), ec("crown", "P-256")]
        sizes(recipients)
        algorithms()
        several_files(recipients)
        full_disk(recipients)
        bad_recipients(recipients[0])
        hostile(recipients)
        big(recipients)
    print("%d failed" % failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
