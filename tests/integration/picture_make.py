#!/usr/bin/env python3
"""Pictures made by hand from the format specifications, for the tests of `scrub`: PNG, TIFF, BMP, and
JPEG around what cjpeg makes. Samples are rows of tuples of integers; nothing here uses weighlock."""
import random
import struct
import subprocess
import zlib


def scan(width, height, channels, depth, seed=1):
    """Rows of pixels: a slope with noise, as tuples of `channels` values of `depth` bits."""
    r = random.Random(seed)
    top = (1 << depth) - 1
    return [[tuple(min(top, (x * 7 + y * 13 + c * 31) * top // 1024 % (top + 1) ^ r.randrange(1 + top // 16))
                   for c in range(channels)) for x in range(width)] for y in range(height)]


def pack(rows, depth):
    """Rows as bytes, big-endian, bits below 8 packed from the left."""
    out = []
    for row in rows:
        values = [v for pixel in row for v in pixel]
        if depth == 16:
            out.append(struct.pack(">%dH" % len(values), *values))
        elif depth == 8:
            out.append(bytes(values))
        else:
            bits = "".join(format(v, "0%db" % depth) for v in values)
            bits += "0" * (-len(bits) % 8)
            out.append(bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)))
    return out


# ---- PNG (ISO/IEC 15948) ----
SIGNATURE = b"\x89PNG\r\n\x1a\n"
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind, data=b""):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def filtered(rows, kinds, bpp):
    """Rows of bytes with PNG filters, taken in turn from `kinds`."""
    out, above = [], None
    for i, row in enumerate(rows):
        kind = kinds[i % len(kinds)]
        b = above if above is not None else bytes(len(row))
        line = bytearray()
        for n, value in enumerate(row):
            left = row[n - bpp] if n >= bpp else 0
            corner = b[n - bpp] if n >= bpp else 0
            if kind == 4:
                p = left + b[n] - corner
                pa, pb, pc = abs(p - left), abs(p - b[n]), abs(p - corner)
                guess = left if pa <= pb and pa <= pc else b[n] if pb <= pc else corner
            else:
                guess = (0, left, b[n], (left + b[n]) // 2)[kind]
            line.append((value - guess) & 255)
        out.append(bytes([kind]) + bytes(line))
        above = row
    return b"".join(out)


def png_data(rows, colour, depth, interlaced=False, kinds=(0, 1, 2, 3, 4)):
    bpp = max(1, CHANNELS[colour] * depth // 8)
    if not interlaced:
        return filtered(pack(rows, depth), kinds, bpp)
    out = b""
    for x0, y0, dx, dy in ADAM7:
        part = [row[x0::dx] for row in rows[y0::dy]]
        if part and part[0]:
            out += filtered(pack(part, depth), kinds, bpp)
    return out


def ihdr(rows, colour, depth, interlaced=False):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), depth, colour, 0, 0, interlaced))


def png(rows, colour, depth, interlaced=False, before=b"", after=b"", behind=b"", stream=None, kinds=(0, 1, 2, 3, 4),
        cut=None, palette=b""):
    """`before`/`after` IDAT, `behind` IEND: ready chunks; stream: the zlib stream; cut: sizes of IDAT."""
    if stream is None:
        stream = zlib.compress(png_data(rows, colour, depth, interlaced, kinds), 6)
    size = cut or max(1, len(stream) // 2)
    idat = b"".join(chunk(b"IDAT", stream[i:i + size]) for i in range(0, len(stream), size))
    return (SIGNATURE + ihdr(rows, colour, depth, interlaced) + palette + before + idat + after + chunk(b"IEND") +
            behind)


# ---- TIFF 6.0 ----
SHORT, LONG, ASCII, BYTE, UNDEFINED, RATIONAL = 3, 4, 2, 1, 7, 5
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1}


class Tiff:
    """Put things down, then directories; finish() writes the header."""

    def __init__(self, order="<"):
        self.order, self.body, self.first = order, bytearray(8), 0

    def put(self, data):
        self.body += b"\0" * (len(self.body) % 2)
        at = len(self.body)
        self.body += data
        return at

    def values(self, kind, values):
        if isinstance(values, bytes):
            return values
        return struct.pack(self.order + {SHORT: "H", LONG: "L", BYTE: "B", RATIONAL: "L"}[kind] * len(values), *values)

    def directory(self, tags, following=0, chain=True):
        """tags: {number: (type, values or bytes)}. Returns where its next-pointer lies, and where it is."""
        entries = b""
        for number, (kind, values) in sorted(tags.items()):
            data = self.values(kind, values)
            count = len(data) // SIZES[kind]
            where = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(self.order + "L", self.put(data))
            entries += struct.pack(self.order + "HHL", number, kind, count) + where
        at = self.put(struct.pack(self.order + "H", len(tags)) + entries + struct.pack(self.order + "L", following))
        if chain and not self.first:
            self.first = at
        return at + 2 + len(entries), at

    def link(self, pointer, at):
        struct.pack_into(self.order + "L", self.body, pointer, at)

    def finish(self, behind=b""):
        head = (b"II" if self.order == "<" else b"MM") + struct.pack(self.order + "HL", 42, self.first)
        return head + bytes(self.body[8:]) + behind


def packbits(data):
    out = bytearray()
    i = 0
    while i < len(data):
        run = 1
        while run < 128 and i + run < len(data) and data[i + run] == data[i]:
            run += 1
        if run > 2:
            out += bytes([257 - run, data[i]])
            i += run
            continue
        n = 1
        while n < 128 and i + n < len(data) and data[i + n:i + n + 1] * 3 != data[i + n:i + n + 3]:
            n += 1
        out += bytes([n - 1]) + data[i:i + n]
        i += n
    return bytes(out)


COMPRESS = {1: bytes, 8: zlib.compress, 32946: zlib.compress, 32773: None}


def tiff_rows(rows, depth, order):
    out = pack(rows, depth)
    if depth == 16 and order == "<":
        out = [b"".join(r[i + 1:i + 2] + r[i:i + 1] for i in range(0, len(r), 2)) for r in out]
    return out


def predicted(rows, depth):
    top = 1 << depth
    return [[tuple((v - (row[x - 1][c] if x else 0)) % top for c, v in enumerate(pixel))
             for x, pixel in enumerate(row)] for row in rows]


def tiff_parts(t, rows, depth, compression, rows_per_strip=5, tile=None, planar=False, predictor=1):
    """Strips or tiles put down; their tags."""
    channels = len(rows[0][0])
    planes = [[[(p[c],) for p in row] for row in rows] for c in range(channels)] if planar else [rows]
    offsets, counts = [], []
    for plane in planes:
        if tile:
            w, h = tile
            blank = (0,) * len(plane[0][0])
            parts = [[(row[x:x + w] + [blank] * w)[:w] for row in (plane[y:y + h] + [[blank] * len(rows[0])] * h)[:h]]
                     for y in range(0, len(rows), h) for x in range(0, len(rows[0]), w)]
        else:
            parts = [plane[y:y + rows_per_strip] for y in range(0, len(rows), rows_per_strip)]
        for part in parts:
            lines = tiff_rows(predicted(part, depth) if predictor == 2 else part, depth, t.order)
            data = (b"".join(packbits(line) for line in lines) if compression == 32773
                    else COMPRESS[compression](b"".join(lines)))
            offsets.append(t.put(data))
            counts.append(len(data))
    if tile:
        tags = {322: (SHORT, [tile[0]]), 323: (SHORT, [tile[1]]), 324: (LONG, offsets), 325: (LONG, counts)}
    else:
        tags = {273: (LONG, offsets), 278: (SHORT, [rows_per_strip]), 279: (LONG, counts)}
    if predictor == 2:
        tags[317] = (SHORT, [2])
    return tags


def tiff_tags(rows, depth, compression=1, photometric=None, planar=False):
    channels = len(rows[0][0])
    colour = 2 if channels >= 3 else 1
    tags = {256: (LONG, [len(rows[0])]), 257: (LONG, [len(rows)]), 258: (SHORT, [depth] * channels),
            259: (SHORT, [compression]), 262: (SHORT, [colour if photometric is None else photometric]),
            277: (SHORT, [channels]), 284: (SHORT, [2 if planar else 1])}
    if channels in (2, 4):
        tags[338] = (SHORT, [2])
    return tags


def tiff(rows, depth, order="<", compression=1, photometric=None, extra=None, behind=b"", **how):
    t = Tiff(order)
    tags = tiff_tags(rows, depth, compression, photometric, how.get("planar", False))
    tags.update(tiff_parts(t, rows, depth, compression, **how))
    tags.update(extra or {})
    t.directory(tags)
    return t.finish(behind)


# ---- BMP ----
def bmp_lines(rows, depth, top_down, pad=b""):
    """Pixels: (index,) up to 8 bits, (r, g, b) at 24, one packed integer at 16 and 32."""
    lines = []
    for row in rows:
        if depth <= 8:
            line = pack([row], depth)[0]
        elif depth == 24:
            line = b"".join(bytes((p[2], p[1], p[0])) for p in row)
        else:
            line = b"".join(struct.pack("<H" if depth == 16 else "<L", p) for p in row)
        need = -len(line) % 4
        lines.append(line + (pad + b"\0" * need)[:need])
    return b"".join(lines if top_down else lines[::-1])


def bmp(rows, depth, header=40, top_down=False, palette=(), masks=None, compression=0, data=None, gap=b"", behind=b"",
        reserved=0, ppm=0, profile=b"", pad=b""):
    if data is None:
        data = bmp_lines(rows, depth, top_down, pad)
    width, height = len(rows[0]), len(rows) * (-1 if top_down else 1)
    if header == 12:
        head = struct.pack("<LHHHH", 12, width, height, 1, depth)
    else:
        head = struct.pack("<LllHHLLllLL", header, width, height, 1, depth, compression, len(data), ppm, ppm,
                           len(palette), 0)
        head = (head + b"".join(struct.pack("<L", m) for m in (masks or ()))).ljust(header, b"\0")[:header]
    outside = b"" if header > 40 or not masks else b"".join(struct.pack("<L", m) for m in masks)
    colours = b"".join(bytes((c[2], c[1], c[0])) + (b"" if header == 12 else b"\0") for c in palette)
    at = 14 + len(head) + len(outside) + len(colours) + len(gap)
    if profile:
        head = head[:112] + struct.pack("<LL", at + len(data) - 14, len(profile)) + head[120:]
    total = at + len(data) + len(profile)
    return (b"BM" + struct.pack("<LLL", total, reserved, at) + head + outside + colours + gap + data + profile + behind)


# ---- PNM, and JPEG by cjpeg ----
def pnm(rows, depth=8):
    kind = {1: b"P5", 3: b"P6"}[len(rows[0][0])]
    return kind + b"\n%d %d\n%d\n" % (len(rows[0]), len(rows), (1 << depth) - 1) + b"".join(pack(rows, depth))


def cjpeg(rows, *options):
    return subprocess.run(["cjpeg", "-quality", "90", *options], input=pnm(rows), stdout=subprocess.PIPE,
                          check=True).stdout


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_with(base, first=b"", tables=b"", before_scan=b"", in_scan=b"", behind=b"", no_jfif=False):
    """`first` behind SOI and JFIF, `before_scan` directly before SOS, `in_scan` before EOI."""
    at = 2
    if base[2:4] == b"\xff\xe0":
        at = 4 + struct.unpack(">H", base[4:6])[0]
    sos = at
    while base[sos + 1] != 0xDA:
        sos += 2 + struct.unpack(">H", base[sos + 2:sos + 4])[0]
    head = base[:2] if no_jfif else base[:at]
    assert base.endswith(b"\xff\xd9")
    return head + first + tables + base[at:sos] + before_scan + base[sos:-2] + in_scan + b"\xff\xd9" + behind
