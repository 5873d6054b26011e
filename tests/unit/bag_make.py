"""Makes bags for tests: a station's certificate, a custody record signed with openssl, bag_tool.

The record is written here by its own code from INTERFACES 7, so that the client is not checked with
what ledgerd happens to write.
"""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import time as time_now

BUILD = os.environ.get("WL_BUILD", os.getcwd())
TRANSFER = "STN3-T000042"
TIME = int(time_now.time())  # certificates made here are not older
WHEN = time_now.strftime("%Y-%m-%dT%H:%M:%SZ", time_now.gmtime(TIME))
ORIGIN = "stations.example/stn3"


def run(*args, **kwargs):
    return subprocess.run(args, capture_output=True, **kwargs)


def openssl(*args):
    done = run("openssl", *args)
    if done.returncode:
        raise SystemExit("openssl %s: %s" % (args[0], done.stderr.decode()))
    return done.stdout


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def certificate(name):
    """A document certificate as `station init` makes it: self-signed, P-384."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-keyout",
            name + ".key", "-out", name + ".pem", "-subj", "/CN=" + name, "-days", "7300")


def sign(content, signer, out):
    openssl("cms", "-sign", "-binary", "-md", "sha384", "-nocerts", "-in", content, "-signer", signer + ".pem",
            "-inkey", signer + ".key", "-outform", "DER", "-out", out)


def png(seed):
    return b"\x89PNG\r\n\x1a\n" + hashlib.sha512(b"%d" % seed).digest() * (seed + 3)


class Receipt:
    """A ledger of three entries of which the second is the intent, signed with Ed25519."""

    def __init__(self, entry, index=81):
        leaf = [hashlib.sha256(b"\0" + e).digest() for e in [b"other %d" % i for i in range(index)]]
        leaf.append(hashlib.sha256(b"\0" + entry).digest())
        leaf.append(hashlib.sha256(b"\0last").digest())
        self.index, self.entry = index, entry
        self.path, self.root = self.walk(leaf, index)
        openssl("genpkey", "-algorithm", "ed25519", "-out", "ledger.key")
        public = openssl("pkey", "-in", "ledger.key", "-pubout", "-outform", "DER")[-32:]
        self.id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + public).digest()[:4]
        self.vkey = "%s+%s+%s" % (ORIGIN, self.id.hex(), base64.b64encode(b"\x01" + public).decode())
        self.size = len(leaf)

    @staticmethod
    def walk(leaf, index):
        def root(a):
            if len(a) == 1:
                return a[0]
            k = 1
            while k * 2 < len(a):
                k *= 2
            return hashlib.sha256(b"\1" + root(a[:k]) + root(a[k:])).digest()

        def path(a, i):
            if len(a) == 1:
                return []
            k = 1
            while k * 2 < len(a):
                k *= 2
            return path(a[:k], i) + [root(a[k:])] if i < k else path(a[k:], i - k) + [root(a[:k])]
        return path(leaf, index), root(leaf)

    def text(self, entry=None, index=None, origin=ORIGIN, path=None):
        body = "%s\n%d\n%s\n" % (origin, self.size, base64.b64encode(self.root).decode())
        write("note", body.encode())
        openssl("pkeyutl", "-sign", "-inkey", "ledger.key", "-rawin", "-in", "note", "-out", "note.sig")
        signature = base64.b64encode(self.id + read("note.sig")).decode()
        lines = ["c2sp.org/tlog-proof@v1",
                 "extra " + base64.b64encode(entry or self.entry).decode(),
                 "index %d" % (self.index if index is None else index)]
        lines += [base64.b64encode(h).decode() for h in (path or self.path)]
        return ("\n".join(lines) + "\n\n" + body + "\n\u2014 %s %s\n" % (ORIGIN, signature)).encode()


def intent_entry(output):
    return json.dumps({"event": "release.intent", "seq": 81, "transfer": TRANSFER, "time":
                       WHEN, "station": "STN3", "data": {"output": output}},
                      sort_keys=True, separators=(",", ":")).encode()


def custody(output, items, recipients=None, **changes):
    record = {"approved_by": ["appr-1"], "authority": "ca-107-5-a", "case": "2026-FA-0311", "device":
              "x-0042", "intent": "STN3#81", "items": items, "opened_by": "invest-1", "origin": ORIGIN,
              "output": output, "policy_sha256": "c" * 64, "requester": "Crown counsel NAME", "time":
              WHEN, "tip_state": "off", "tools": [{"name": "weighlock", "version":
              "1.0"}], "transfer": TRANSFER, "type": "ca.weighlock.custody/1"}
    if recipients:
        record["recipients"] = recipients
    record.update(changes)
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def make(folder, output="scrubbed", count=3, encrypt=None, test=False, time=TIME, change=None,
         signer="station", receipt=None):
    """A bag. encrypt: (sealer, names of certificates). change: what to do with the record."""
    shutil.rmtree(folder, ignore_errors=True)
    items, paths = [], []
    for i in range(1, count + 1):
        plain = png(i)
        name = "%s.%05d.%s" % (TRANSFER, i, "png" if output == "scrubbed" else "jpg")
        path = "data/%s/%s" % (output, name)
        item = {"bytes": len(plain), "item": "%s.%05d" % (TRANSFER, 2 * i), "masks": [], "output": name,
                "output_sha256": sha256(plain), "transforms": []}
        if output == "evidence":
            item.update(source_bytes=len(plain), source_path="a%%20%d.jpg" % i, source_sha256=sha256(plain))
        else:
            item.update(samples_sha256="d" * 64, width=3, height=2, bits=8, channels=3)
        lies = plain
        if encrypt:
            lies = encrypt(plain)
            path += ".p7m"
            item.update(sealed_bytes=len(lies), sealed_sha256=sha256(lies))
        write(os.path.join(folder, path), lies)
        items.append(item)
        paths.append(path)
    record = custody(output, items, ["e" * 64] if encrypt else None)
    if change:
        record = change(record)
    write("custody.json", record)
    sign("custody.json", signer, "custody.json.p7s")
    write("receipt.txt", receipt or b"no receipt\n")
    done = run(os.path.join(BUILD, "tests/unit/bag_tool"), folder, TRANSFER, output, str(time),
               "1" if encrypt else "0", "1" if test else "0", "custody.json", "custody.json.p7s",
               "receipt.txt", *paths)
    if done.returncode:
        raise SystemExit("bag_tool: " + done.stdout.decode())
    return folder
