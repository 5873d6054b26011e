#!/usr/bin/python3
"""Makes the seeds of fuzz_custody and fuzz_envelope in the folder corpus/ beside this file, and
bag_keys.h with the keys they are made for. They are committed together; this stays to say where they
come from. The keys protect nothing."""
import base64
import hashlib
import json
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ORIGIN = "stations.example/stn3"
TRANSFER = "STN3-T000042"


def seed(target, name, data):
    os.makedirs(os.path.join(HERE, "corpus", target), exist_ok=True)
    with open(os.path.join(HERE, "corpus", target, name), "wb") as f:
        f.write(data)


def openssl(*args, data=b""):
    return subprocess.run(("openssl",) + args, input=data, check=True, capture_output=True).stdout


def read(path):
    with open(path, "rb") as f:
        return f.read()


def array(name, data):
    lines = ["\t" + " ".join("0x%02x," % b for b in data[i:i + 12]) for i in range(0, len(data), 12)]
    return "static const unsigned char %s[] = {\n%s\n};\n" % (name, "\n".join(lines))


# ---- receipts ----

def ed25519():
    """A key out of a fixed secret, so that a new run makes the same seeds."""
    der = bytes.fromhex("302e020100300506032b657004220420") + hashlib.sha256(b"fuzz").digest()
    with open("ed.der", "wb") as f:
        f.write(der)
    public = openssl("pkey", "-inform", "DER", "-in", "ed.der", "-pubout", "-outform", "DER")[-32:]
    typed = b"\x01" + public
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n" + typed).digest()[:4]
    return key_id, "%s+%s+%s" % (ORIGIN, key_id.hex(), base64.b64encode(typed).decode())


def receipt(key_id, size, index, entry):
    leaves = [hashlib.sha256(b"\0entry %d" % i).digest() for i in range(size)]
    leaves[index] = hashlib.sha256(b"\0" + entry).digest()
    path = []
    root = merkle(leaves, index, path)
    text = "%s\n%d\n%s\n" % (ORIGIN, size, base64.b64encode(root).decode())
    with open("note", "wb") as f:
        f.write(text.encode())
    signed = openssl("pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", "ed.der", "-in", "note")
    proof = "".join(base64.b64encode(h).decode() + "\n" for h in path)
    return ("r" + "c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n%s\n%s\n\u2014 %s %s\n" %
            (base64.b64encode(entry).decode(), index, proof, text, ORIGIN,
             base64.b64encode(key_id + signed).decode())).encode()


def merkle(leaves, index, path):
    """RFC 9162 2.1: the root, and for the leaf `index` (None: not in here) the path to it."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    in_left = index is not None and index < k
    left = merkle(leaves[:k], index if in_left else None, path)
    right = merkle(leaves[k:], None if index is None or in_left else index - k, path)
    if index is not None:
        path.append(right if in_left else left)
    return hashlib.sha256(b"\1" + left + right).digest()


# ---- records ----

def record(**changes):
    items = [{"item": "%s.%05d" % (TRANSFER, 9 - i), "output": "%s.%05d.png" % (TRANSFER, i + 1),
              "bytes": 7 + i, "output_sha256": ("%d%d" % (i + 1, i + 1)) * 32} for i in range(2)]
    whole = {"type": "ca.weighlock.custody/1", "transfer": TRANSFER, "output": "scrubbed",
             "time": "2026-11-23T02:53:34Z", "items": items}
    whole.update(changes)
    return b"c" + json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()


def custody(key_id):
    entry = b'{"event":"release.intent","transfer":"' + TRANSFER.encode() + b'"}'
    seed("custody", "receipt-of-one", receipt(key_id, 1, 0, entry))
    seed("custody", "receipt-in-eleven", receipt(key_id, 11, 6, entry))
    seed("custody", "receipt-no-json", receipt(key_id, 3, 2, b"no entry"))
    seed("custody", "record", record())
    whole = json.loads(record()[1:])
    for item in whole["items"]:
        item["sealed_sha256"], item["sealed_bytes"] = item.pop("output_sha256"), item.pop("bytes")
    seed("custody", "record-sealed", record(items=whole["items"]))
    seed("custody", "record-other", record(transfer="STN3-T000043", items=[]))
    seed("custody", "record-deep", b"c" + b"[" * 300)


# ---- sealed files ----

def envelopes():
    keys = {}
    for name, kind in (("ec", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
                       ("rsa", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])):
        openssl("genpkey", *kind, "-out", name + ".key")
        openssl("req", "-x509", "-new", "-key", name + ".key", "-subj", "/CN=" + name, "-days", "9999",
                "-out", name + ".pem")
        keys[name] = openssl("pkey", "-in", name + ".key", "-outform", "DER")
    oaep = ["-recip", "rsa.pem", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]
    ecdh = ["-recip", "ec.pem", "-keyopt", "ecdh_kdf_md:sha256", "-aes256-wrap"]
    for name, recipients, data in (("ec", ecdh, b"a picture"), ("rsa", oaep, b"a picture"),
                                   ("both", ecdh + oaep, b"a picture" * 9), ("empty", ecdh, b"")):
        sealed = openssl("cms", "-encrypt", "-binary", "-stream", "-aes-256-cbc", "-outform", "DER",
                         *recipients, data=data)
        seed("envelope", name, (b"r" if name == "rsa" else b"e") + sealed)
    seed("envelope", "followed", b"e" + sealed + b"x")
    seed("envelope", "definite", b"e" + openssl("cms", "-encrypt", "-binary", "-aes-256-cbc", "-outform",
                                                 "DER", *ecdh, data=b"a picture"))
    return keys


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    ids, vkey = ed25519()
    custody(ids)
    made = envelopes()
    with open(os.path.join(HERE, "bag_keys.h"), "w", encoding="utf-8") as header:
        header.write("/* Made by make_seeds_bag.py together with the seeds; these keys protect nothing. */\n"
                     "#ifndef WL_FUZZ_BAG_KEYS_H\n#define WL_FUZZ_BAG_KEYS_H\n\n"
                     "/* clang-format off */\n"
                     "#define FUZZ_VKEY \"%s\"\n\n" % vkey)
        header.write(array("fuzz_ec_key", made["ec"]) + "\n" + array("fuzz_rsa_key", made["rsa"]))
        header.write("\n#endif\n")
