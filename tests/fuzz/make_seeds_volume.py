#!/usr/bin/env python3
"""Writes an image as a seed of fuzz_volume: its size, and pieces where it is not zero.

usage: make_seeds_volume.py IMAGE SEED
"""
import struct
import sys

data = open(sys.argv[1], "rb").read()
shift = max(0, (len(data) // 512 - 1).bit_length())
assert len(data) == 512 << shift, "a size of 512 bytes times a power of two"
sectors = [data[i:i + 512] for i in range(0, len(data), 512)]
out, at = bytes([shift]), 0
pieces = 0
while at < len(sectors):
    value = sectors[at][:1]
    n = 1
    if sectors[at] == value * 512:
        while at + n < len(sectors) and sectors[at + n] == sectors[at] and n < 65535:
            n += 1
        if value != b"\0":
            out += struct.pack("<I", at)[:3] + b"\0" + struct.pack("<H", n) + value
            pieces += 1
    else:
        # zeros between two pieces cost less than another piece, where there are few
        while at + n < len(sectors) and n < 255 and any(
                s != s[:1] * 512 for s in sectors[at + n:at + n + 4]):
            n += 1
        out += struct.pack("<I", at)[:3] + bytes([n]) + b"".join(sectors[at:at + n])
        pieces += 1
    at += n
assert pieces <= 128, pieces
with open(sys.argv[2], "wb") as f:
    f.write(out)
