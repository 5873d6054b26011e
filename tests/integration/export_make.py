#!/usr/bin/env python3
"""The pictures of a scanner that the tests of exports play with, written byte by byte.

usage: export_make.py FOLDER    (makes 20261116/… and 20261117/… in it; prints nothing)

Every picture carries CANARY-… in each place where its format can hide something; none may be found in
what leaves scrubbed. 118823 is cut off, 118824 is of a kind nobody knows, 118830 was not asked for.
"""
import os
import struct
import sys
import zlib


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, bits, colour, seed, extra=b"", level=6):
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    row = width * channels * bits // 8
    raw = b"".join(b"\0" + bytes((seed + x * 7 + y * 13 + (x * y) % 251) % 256 for x in range(row))
                   for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
            + extra + chunk(b"IDAT", zlib.compress(raw, level)) + chunk(b"IEND", b""))


def bmp(width, height, seed):
    stride = (width * 3 + 3) // 4 * 4
    rows = b"".join(bytes((seed + x + y) % 256 for x in range(width * 3)).ljust(stride, b"\0") for y in range(height))
    return (b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(rows), 2835, 2835, 0, 0) + rows)


def tiff(pages, width, height):
    """Several pages of 16-bit gray, one strip each, with an ImageDescription."""
    out = bytearray(b"II*\0" + struct.pack("<I", 8))
    for page in range(pages):
        samples = b"".join(struct.pack("<H", (page * 999 + i * 37) % 65536) for i in range(width * height))
        text = b"CANARY-TIFF-%d\0" % page
        entries = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1),
                   (270, 2, len(text), None), (273, 4, 1, None), (277, 3, 1, 1), (278, 3, 1, height),
                   (279, 4, 1, len(samples))]
        at = len(out)
        data = at + 2 + 12 * len(entries) + 4
        place = {270: data, 273: data + len(text) + len(text) % 2}
        ifd = struct.pack("<H", len(entries))
        for tag, kind, n, value in entries:
            value = place.get(tag, value)
            ifd += struct.pack("<HHI", tag, kind, n) + (struct.pack("<HH", value, 0) if kind == 3
                                                        else struct.pack("<I", value))
        end = place[273] + len(samples)
        ifd += struct.pack("<I", 0 if page == pages - 1 else end + end % 2)
        out += ifd + text + b"\0" * (len(text) % 2) + samples
        out += b"\0" * (len(out) % 2)
    return bytes(out)


def main():
    folder = sys.argv[1]
    note = chunk(b"tEXt", b"Comment\0CANARY-PNG operator 7") + chunk(b"tIME", bytes([7, 234, 11, 16, 1, 2, 3]))
    whole = png(200, 300, 16, 0, 1, note)
    files = {
        "20261116/118820_A.png": whole,
        "20261116/118820_B.png": png(120, 90, 8, 2, 2, note),
        "20261116/118821_A.bmp": bmp(101, 77, 3),
        "20261116/118822_A.tif": tiff(3, 60, 40),
        "20261116/118823_A.png": png(150, 100, 8, 0, 5)[:-40],
        "20261116/118824_A.img": b"XRAYIMG\0" + bytes(range(256)) * 40 + b"CANARY-IMG",
        "20261116/118830_A.png": png(50, 50, 8, 0, 6, chunk(b"tEXt", b"Comment\0CANARY-OTHER person")),
        "20261117/118825_A.png": png(64, 48, 8, 6, 7, note),
        "20261117/report.csv": b"scan,operator\n118820,CANARY-CSV\n",
        # what the scanner exports at the second try
        "again/20261116/118823_A.png": png(150, 100, 8, 0, 5),
        "again/20261116/118824_A.png": png(80, 60, 8, 0, 9),
    }
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)


main()
