#!/usr/bin/env python3
"""An auditor's machine without weighlock: hashlib and the openssl command only.

usage: audit_tool.py key KEYFILE NAME              makes an Ed25519 key; prints the cosigner's vkey
       audit_tool.py cosign KEYFILE NAME DIR TIME  DIR/checkpoint -> DIR/cosignature.txt
       audit_tool.py root DIR                      size, root and first entry, from tiles and bundles
       audit_tool.py root DIR SIZE                 the root of that earlier size, from the tiles alone
       audit_tool.py forge VKEY SEED.hex SIZE      a checkpoint of that size with another root, signed
Shares nothing with daemon/ledger or verify/. Exit 1 with a sentence where something does not hold.
"""
import base64
import hashlib
import os
import struct
import subprocess
import sys
import tempfile

PKCS8 = bytes.fromhex("302e020100300506032b657004220420")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def openssl(*words):
    return subprocess.run(("openssl",) + words, check=True, capture_output=True).stdout


def sign(key_file, message):
    with tempfile.NamedTemporaryFile() as f:
        f.write(message)
        f.flush()
        return openssl("pkeyutl", "-sign", "-inkey", key_file, "-rawin", "-in", f.name)


def public_of(key_file):
    return openssl("pkey", "-in", key_file, "-pubout", "-outform", "DER")[-32:]


def cosigner_id(name, public):
    return sha256(name.encode(), b"\n\x04", public)[:4]


def key(key_file, name):
    openssl("genpkey", "-algorithm", "ed25519", "-out", key_file)
    public = public_of(key_file)
    print("%s+%s+%s" % (name, cosigner_id(name, public).hex(),
                        base64.b64encode(b"\x04" + public).decode()))


def cosign(key_file, name, folder, when):
    note = open(os.path.join(folder, "checkpoint"), encoding="utf-8").read()
    text = note.rpartition("\n\n")[0] + "\n"
    signature = sign(key_file, ("cosignature/v1\ntime %s\n%s" % (when, text)).encode())
    blob = cosigner_id(name, public_of(key_file)) + struct.pack(">Q", int(when)) + signature
    with open(os.path.join(folder, "cosignature.txt"), "w", encoding="utf-8") as f:
        f.write("%s\u2014 %s %s\n" % (note, name, base64.b64encode(blob).decode()))


# ---- the tree ----

def tile(folder, level, n, width):
    parts, rest = ["%03d" % (n % 1000)], n // 1000
    while rest:
        parts.insert(0, "x%03d" % (rest % 1000))
        rest //= 1000
    path = os.path.join(folder, "tile", str(level), *parts)
    if width < 256:
        path = os.path.join(path + ".p", str(width))
    return open(path, "rb").read() if os.path.exists(path) else None


class Tree:
    """Leaf hashes out of the level 0 tiles; entries, where they are there, must have them."""

    def __init__(self, folder):
        lines = open(os.path.join(folder, "checkpoint"), encoding="utf-8").read().split("\n")
        self.size, self.root = int(lines[1]), base64.b64decode(lines[2])
        self.leaves, self.first = [], None
        for n in range((self.size + 255) // 256):
            width = min(256, self.size - 256 * n)
            hashes = tile(folder, 0, n, width)
            if hashes is None or len(hashes) != 32 * width:
                sys.exit("audit_tool: tile %d of hashes is missing or short" % n)
            self.leaves += [hashes[32 * i:32 * i + 32] for i in range(width)]
            self.bundle(tile(folder, "entries", n, width), 256 * n, width)

    def bundle(self, data, at, width):
        if data is None:
            if self.first is not None:
                sys.exit("audit_tool: a bundle is missing in the middle")
            return
        if self.first is None:
            self.first = at
        pos = 0
        for i in range(width):
            n = struct.unpack(">H", data[pos:pos + 2])[0]
            if sha256(b"\x00", data[pos + 2:pos + 2 + n]) != self.leaves[at + i]:
                sys.exit("audit_tool: entry %d has not the hash of its tile" % (at + i))
            pos += 2 + n
        if pos != len(data):
            sys.exit("audit_tool: bytes after the last entry of a bundle")

    def mth(self, lo, hi):
        if hi - lo == 1:
            return self.leaves[lo]
        k = 1
        while 2 * k < hi - lo:
            k *= 2
        return sha256(b"\x01", self.mth(lo, lo + k), self.mth(lo + k, hi))


def root(folder, size=None):
    t = Tree(folder)
    if t.mth(0, t.size) != t.root:
        sys.exit("audit_tool: the tiles have another root than the checkpoint")
    if size:
        print(base64.b64encode(t.mth(0, int(size))).decode())
    else:
        print(t.size, base64.b64encode(t.root).decode(), t.first)


def forge(vkey, seed, size):
    name, key_id, _ = vkey.split("+", 2)
    text = "%s\n%s\n%s\n" % (name, size, base64.b64encode(sha256(b"another history")).decode())
    with tempfile.NamedTemporaryFile(suffix=".der") as f:
        f.write(PKCS8 + bytes.fromhex(seed))
        f.flush()
        pem = openssl("pkey", "-inform", "DER", "-in", f.name)
    with tempfile.NamedTemporaryFile(suffix=".pem") as f:
        f.write(pem)
        f.flush()
        blob = bytes.fromhex(key_id) + sign(f.name, text.encode())
    sys.stdout.write("%s\n\u2014 %s %s\n" % (text, name, base64.b64encode(blob).decode()))


if __name__ == "__main__":
    {"key": key, "cosign": cosign, "root": root, "forge": forge}[sys.argv[1]](*sys.argv[2:])
