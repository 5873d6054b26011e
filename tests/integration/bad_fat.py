#!/usr/bin/env python3
"""Damages a FAT32 volume (MBR, partition at 1 MiB) in one named way, byte by byte.

usage: bad_fat.py IMAGE loop|cross|size|name-control|name-bidi|name-surrogate|name-reserved|name-twice
"""
import struct
import sys

BASE = 1 << 20
EOC = 0x0FFFFFFF


class Volume:
    def __init__(self, f):
        self.f = f
        f.seek(BASE)
        boot = f.read(512)
        self.cluster = boot[13] * 512
        self.reserved = struct.unpack_from("<H", boot, 14)[0]
        self.nfats = boot[16]
        self.spf, self.root = struct.unpack_from("<I", boot, 36)[0], struct.unpack_from("<I", boot, 44)[0]
        f.seek(BASE + self.reserved * 512)
        self.fat = bytearray(f.read(self.spf * 512))
        self.data = BASE + (self.reserved + self.nfats * self.spf) * 512

    def next(self, n):
        return struct.unpack_from("<I", self.fat, 4 * n)[0] & 0x0FFFFFFF

    def set_next(self, n, to):
        struct.pack_into("<I", self.fat, 4 * n, to)

    def chain(self, n):
        chain = []
        while 2 <= n < 0x0FFFFFF8:
            chain.append(n)
            n = self.next(n)
        return chain

    def offset(self, cluster):
        return self.data + (cluster - 2) * self.cluster

    def root_bytes(self):
        out = bytearray()
        for c in self.chain(self.root):
            self.f.seek(self.offset(c))
            out += self.f.read(self.cluster)
        return out

    def save(self, root=None):
        for copy in range(self.nfats):
            self.f.seek(BASE + (self.reserved + copy * self.spf) * 512)
            self.f.write(self.fat)
        if root is not None:
            for i, c in enumerate(self.chain(self.root)):
                self.f.seek(self.offset(c))
                self.f.write(root[i * self.cluster:(i + 1) * self.cluster])


def find(root, short):
    for at in range(0, len(root), 32):
        if root[at:at + 11] == short and root[at + 11] != 0x0F:
            return at
    raise SystemExit("no entry " + repr(short))


def first_cluster(root, at):
    return struct.unpack_from("<H", root, at + 20)[0] << 16 | struct.unpack_from("<H", root, at + 26)[0]


def checksum(short):
    total = 0
    for c in short:
        total = ((total >> 1) | (total & 1) << 7) + c & 0xFF
    return total


def add(v, root, short, units=None):
    """Appends an entry of no bytes, with one long-name part of up to 13 UTF-16 units before it."""
    at = next(a for a in range(0, len(root), 32) if root[a] == 0)
    while at + 64 >= len(root):
        raise SystemExit("the root folder is full")
    if units is not None:
        padded = (units + [0] + [0xFFFF] * 13)[:13]
        raw = struct.pack("<13H", *padded)
        root[at:at + 32] = (bytes([0x41]) + raw[:10] + bytes([0x0F, 0, checksum(short)]) +
                            raw[10:22] + b"\0\0" + raw[22:])
        at += 32
    root[at:at + 32] = short + bytes([0x20]) + bytes(20)


def grow(v, root):
    """One more cluster for the root folder, so that entries fit."""
    free = next(n for n in range(3, len(v.fat) // 4) if v.next(n) == 0)
    last = v.chain(v.root)[-1]
    v.set_next(last, free)
    v.set_next(free, EOC)
    root += bytes(v.cluster)


with open(sys.argv[1], "r+b") as f:
    v = Volume(f)
    root = v.root_bytes()
    grow(v, root)
    how = sys.argv[2]
    big = find(root, b"FIRMWAREBIN")
    chain = v.chain(first_cluster(root, big))
    if how == "loop":
        v.set_next(chain[-1], chain[len(chain) // 2])
    elif how == "cross":
        other = v.chain(first_cluster(root, find(root, b"EXTRAS  TGZ")))
        v.set_next(other[-2], chain[-1])
    elif how == "size":
        struct.pack_into("<I", root, big + 28, (len(chain) + 50) * v.cluster)
    elif how == "name-control":
        add(v, root, b"A~1     TXT", [ord(c) for c in "a\x07b.txt"])
    elif how == "name-bidi":
        add(v, root, b"A~1     TXT", [ord(c) for c in "a\u202etxt.exe"])
    elif how == "name-surrogate":
        add(v, root, b"A~1     TXT", [ord("a"), 0xD800, ord("b")])
    elif how == "name-reserved":
        add(v, root, b"NUL     TXT")
    elif how == "name-twice":
        add(v, root, b"FIRMWAREBIN")
    else:
        raise SystemExit("no such damage")
    v.save(root)
