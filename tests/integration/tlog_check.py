#!/usr/bin/env python3
"""Checks a C2SP checkpoint, and a tlog-proof of an entry, with hashlib and the openssl command only.

usage: tlog_check.py VKEY CHECKPOINT            the signature; prints size and root
       tlog_check.py VKEY RECEIPT ENTRY         and that the entry's bytes are under it; prints its index
Shares nothing with daemon/ledger or verify/. Exit 1 with a sentence where something does not hold.
"""
import base64
import hashlib
import os
import subprocess
import sys
import tempfile

DASH = "\u2014 "
SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")


def fail(words):
    sys.exit("tlog_check: " + words)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def parse_vkey(vkey):
    name, key_id, key = vkey.split("+", 2)
    raw = base64.b64decode(key, validate=True)
    if raw[0] != 1 or len(raw) != 33:
        fail("the key is not Ed25519")
    if sha256(name.encode(), b"\n", raw)[:4].hex() != key_id:
        fail("the key's id does not match")
    return name, bytes.fromhex(key_id), raw[1:]


def openssl_verifies(public_key, text, signature):
    with tempfile.TemporaryDirectory() as d:
        for name, data in (("key", SPKI_ED25519 + public_key), ("text", text), ("sig", signature)):
            with open(os.path.join(d, name), "wb") as f:
                f.write(data)
        done = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", d + "/key",
             "-rawin", "-in", d + "/text", "-sigfile", d + "/sig"], capture_output=True)
    return done.returncode == 0


def open_checkpoint(vkey, note):
    name, key_id, public_key = parse_vkey(vkey)
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    good = 0
    for line in signatures.splitlines():
        if not line.startswith(DASH):
            fail("not a signature line: " + line)
        who, blob = line[len(DASH):].split(" ", 1)
        blob = base64.b64decode(blob, validate=True)
        if who == name and blob[:4] == key_id:
            if not openssl_verifies(public_key, text.encode(), blob[4:]):
                fail("openssl does not verify the signature")
            good += 1
    if good == 0:
        fail("no signature by " + name)
    origin, size, root = text.splitlines()[:3]
    if origin != name:
        fail("the origin is not the key's name")
    return int(size), base64.b64decode(root, validate=True)


def root_of_proof(index, size, leaf, proof):
    """RFC 9162 2.1.3.2."""
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            fail("the proof is too long")
        if fn & 1 or fn == sn:
            r = sha256(b"\x01", p, r)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            r = sha256(b"\x01", r, p)
        fn >>= 1
        sn >>= 1
    if sn != 0:
        fail("the proof is too short")
    return r


def check_receipt(vkey, receipt, entry):
    head, _, checkpoint = receipt.partition("\n\n")
    lines = head.splitlines()
    if lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("index "):
        fail("not a tlog-proof")
    index = int(lines[1][6:])
    size, root = open_checkpoint(vkey, checkpoint)
    if not 0 <= index < size:
        fail("the index is not in the tree")
    proof = [base64.b64decode(line, validate=True) for line in lines[2:]]
    if root_of_proof(index, size, sha256(b"\x00", entry), proof) != root:
        fail("the entry is not in the tree")
    return index


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    with open(sys.argv[2], encoding="utf-8", newline="") as f:
        document = f.read()
    if len(sys.argv) == 3:
        size, root = open_checkpoint(sys.argv[1], document)
        print(size, root.hex())
    else:
        with open(sys.argv[3], "rb") as f:
            print(check_receipt(sys.argv[1], document, f.read()))


if __name__ == "__main__":
    main()
