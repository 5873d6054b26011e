#!/usr/bin/env python3
"""Writes the seeds of fuzz_fat and fuzz_partition (see the comments of both).

usage: make_seeds_fat.py CORPUS-FOLDER
"""
import os
import struct
import sys


def boot(bits, sector=512, cluster=1, reserved=1, fats=2, root=32, total=300, fat=2):
    b = bytearray(512)
    b[0:3] = b"\xEB\x3C\x90"
    b[3:11] = b"TESTTEST"
    struct.pack_into("<HBHBH", b, 11, sector, cluster, reserved, fats, 0 if bits == 32 else root)
    b[21] = 0xF8
    if bits == 32:
        struct.pack_into("<II", b, 32, total, fat)
        struct.pack_into("<I", b, 44, 2)
    else:
        struct.pack_into("<I", b, 32, total)
        struct.pack_into("<H", b, 22, fat)
    b[510:512] = b"\x55\xAA"
    return bytes(b)


def record(name, attributes, cluster, size):
    r = bytearray(32)
    r[0:11] = name.encode()
    r[11] = attributes
    struct.pack_into("<H", r, 20, cluster >> 16)
    struct.pack_into("<HI", r, 26, cluster & 0xFFFF, size)
    return bytes(r)


def long_records(name, short):
    total = 0
    for c in short.encode():
        total = ((total << 7 | total >> 1) + c) & 0xFF
    units = name.encode("utf-16-le") + b"\0\0"
    parts = [units[i:i + 26] for i in range(0, len(units), 26)]
    if parts[-1] == b"\0\0" and len(parts) > 1:
        parts.pop()
    out = b""
    for i in reversed(range(len(parts))):
        p = parts[i].ljust(26, b"\xFF")
        number = i + 1 | (0x40 if i + 1 == len(parts) else 0)
        out += bytes([number]) + p[:10] + bytes([0x0F, 0, total]) + p[10:22] + b"\0\0" + p[22:]
    return out


def table(bits, entries):
    out = bytearray(512 * 2)
    for cluster, value in entries.items():
        if bits == 12:
            at = cluster + cluster // 2
            old, = struct.unpack_from("<H", out, at)
            value = old & 0x000F | value << 4 if cluster & 1 else old & 0xF000 | value
            struct.pack_into("<H", out, at, value)
        else:
            struct.pack_into("<H" if bits == 16 else "<I", out, cluster * bits // 8, value)
    return bytes(out[:512])


def folder(bits):
    end = {12: 0xFFF, 16: 0xFFFF, 32: 0x0FFFFFFF}[bits]
    base = 3 if bits == 32 else 2
    entries = {0: end - 7, 1: end, base: base + 1, base + 1: base + 2, base + 2: end,
               base + 3: end, base + 4: end}
    if bits == 32:
        entries[2] = end
    short = "LONGNA~1TXT"
    root = (record("A LABEL    ", 8, 0, 0) + record("A       BIN", 0x20, base, 1300) +
            record("SUB        ", 0x10, base + 3, 0) + record("EMPTY      ", 0x20, 0, 0))
    sub = (record(".          ", 0x10, base + 3, 0) + record("..         ", 0x10, 0, 0) +
           long_records("A long name, two.txt", short) + record(short, 0x20, base + 4, 512))
    return table(bits, entries), root.ljust(512, b"\0"), sub.ljust(512, b"\0"), base + 3


def piece(sector, data):
    return struct.pack("<I", sector)[:3] + bytes([len(data) // 512]) + data


def volume(bits, shift, start=0, **shape):
    """A medium as fuzz_fat takes it; start 0: no partition table."""
    b = boot(bits, **shape)
    reserved, fats, fat = (shape.get(k, d) for k, d in
                           (("reserved", 1), ("fats", 2), ("fat", 2)))
    entries, root, sub, sub_cluster = folder(bits)
    data = reserved + fats * fat + (0 if bits == 32 else 2)
    out = bytes([shift]) + piece(start, b)
    for copy in range(fats):
        out += piece(start + reserved + copy * fat, entries)
    out += piece(start + (data if bits == 32 else data - 2), root)
    out += piece(start + data + sub_cluster - 2, sub)
    if start:
        out += piece(0, partitions([(0, 0x0C, start, (1 << shift) - start)]))
    return out


def partitions(entries):
    b = bytearray(512)
    for i, (status, kind, start, count) in enumerate(entries):
        struct.pack_into("<BxxxBxxxII", b, 446 + 16 * i, status, kind, start, count)
    b[510:512] = b"\x55\xAA"
    return bytes(b)


SEEDS = {
    "fat/fat12": volume(12, 10),
    "fat/fat12-table": volume(12, 10, start=3),
    "fat/fat16": volume(16, 13, total=5000, fat=20),
    "fat/fat16-one-fat": volume(16, 13, total=5000, fat=20, fats=1, cluster=1),
    "fat/fat32": volume(32, 17, total=70000, fat=550, reserved=4),
    "fat/fat32-table": volume(32, 18, start=63, total=70000, fat=550, reserved=32),
    "partition/one": partitions([(0, 0x0C, 2048, 900000)]),
    "partition/four": partitions([(0, 6, 10 * i + 1, 9) for i in range(4)]),
    "partition/extended": partitions([(0x80, 5, 63, 10000)]),
    "partition/gpt": partitions([(0, 0xEE, 1, 999999)]) + b"EFI PART",
    "partition/volume": boot(12),
}

for name, data in SEEDS.items():
    path = os.path.join(sys.argv[1], name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
