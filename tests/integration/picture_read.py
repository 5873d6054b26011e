#!/usr/bin/env python3
"""What the tests of `scrub` read outputs with: a strict reader of PNG in the standard library, PNM as
netpbm writes it, and the search for planted markers. Nothing here uses weighlock."""
import hashlib
import re
import struct
import subprocess
import zlib


def chunks(data):
    """[(type, data)] of a PNG; the CRC of each holds and nothing lies behind IEND."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
    at, out = 8, []
    while at < len(data):
        size, = struct.unpack(">I", data[at:at + 4])
        kind, body = data[at + 4:at + 8], data[at + 8:at + 8 + size]
        crc, = struct.unpack(">I", data[at + 8 + size:at + 12 + size])
        assert len(body) == size and zlib.crc32(kind + body) == crc, "damaged"
        out.append((kind, body))
        at += 12 + size
    return out


def canonical(data):
    """(width, height, bits, channels, samples as in CLI.md) of an output, or AssertionError."""
    all_chunks = chunks(data)
    kinds = [k for k, _ in all_chunks]
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND" and set(kinds[1:-1]) == {b"IDAT"}, kinds
    width, height, bits, colour, *rest = struct.unpack(">IIBBBBB", all_chunks[0][1])
    assert rest == [0, 0, 0] and bits in (8, 16) and colour in (0, 2, 4, 6)
    idat = [body for k, body in all_chunks if k == b"IDAT"]
    assert all(len(b) == 1 << 20 for b in idat[:-1]) and 0 < len(idat[-1]) <= 1 << 20
    stream = b"".join(idat)
    assert stream[:2] == b"\x78\x01"
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(stream)
    assert unpacker.eof and not unpacker.unused_data
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    size = width * channels * bits // 8
    assert len(raw) == (size + 1) * height
    above, out = bytearray(size), []
    for y in range(height):
        line = raw[y * (size + 1):(y + 1) * (size + 1)]
        assert line[0] == 2
        above = bytearray((a + b) & 255 for a, b in zip(above, line[1:]))
        out.append(bytes(above))
    samples = b"".join(out)
    if bits == 16:
        swapped = bytearray(len(samples))
        swapped[0::2], swapped[1::2] = samples[1::2], samples[0::2]
        samples = bytes(swapped)
    return width, height, bits, channels, samples


def samples_sha256(width, height, bits, channels, samples):
    return hashlib.sha256(struct.pack("<IIII", width, height, bits, channels) + samples).hexdigest()


def samples_of(rows, bits):
    """Rows of tuples as canonical() gives them."""
    flat = [v for row in rows for pixel in row for v in pixel]
    return (len(rows[0]), len(rows), bits, len(rows[0][0]), struct.pack("<%d%s" % (len(flat), "BH"[bits == 16]), *flat))


def read_pam(data):
    """As canonical(), of P4 to P7; values are scaled to 8 or 16 bits where maxval is less."""
    if data[:2] == b"P4":
        m = re.match(rb"P4\s+(\d+)\s+(\d+)\s", data)
        width, height = int(m.group(1)), int(m.group(2))
        stride = (width + 7) // 8
        lines = [data[m.end() + y * stride:][:stride] for y in range(height)]
        return width, height, 8, 1, bytes(0 if line[x // 8] >> (7 - x % 8) & 1 else 255 for line in lines
                                          for x in range(width))
    if data[:2] == b"P7":
        head, body = data.split(b"ENDHDR\n", 1)
        words = dict(line.split(None, 1) for line in head.split(b"\n")[1:] if b" " in line)
        width, height, channels, top = (int(words[k]) for k in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    else:
        m = re.match(rb"(P[56])\s+(?:#[^\n]*\s+)*(\d+)\s+(\d+)\s+(\d+)\s", data)
        width, height, top = (int(m.group(i)) for i in (2, 3, 4))
        channels, body = (1 if m.group(1) == b"P5" else 3), data[m.end():]
    n = width * height * channels
    values = struct.unpack(">%d%s" % (n, "BH"[top > 255]), body[:n * (1 + (top > 255))])
    bits = 16 if top > 255 else 8
    most = (1 << bits) - 1
    if top != most:
        values = [(v * most + top // 2) // top for v in values]
    return width, height, bits, channels, struct.pack("<%d%s" % (n, "BH"[bits == 16]), *values)


def run(*words, data=None):
    return subprocess.run(words, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


# ---- markers ----
def views(data):
    """Everything in which a marker could be read: raw bytes, and every zlib or deflate stream."""
    yield data
    try:
        yield zlib.decompress(b"".join(body for k, body in chunks(data) if k == b"IDAT"))
    except (AssertionError, zlib.error, struct.error):
        pass
    for m in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        unpacker = zlib.decompressobj()
        try:
            yield unpacker.decompress(data[m.start():])
        except zlib.error:
            continue


def survivors(data, markers):
    """Which of the markers can be found: as they are, in hexadecimal, in UTF-16 of either order."""
    found = set()
    for view in views(data):
        low = view.lower()
        hexed = re.sub(rb"\s", b"", low)
        for marker in markers:
            forms = (marker, marker.decode().encode("utf-16-le"), marker.decode().encode("utf-16-be"))
            if any(f in view for f in forms) or marker.hex().encode() in hexed:
                found.add(marker)
    return found


def metadata(path, allowed):
    """What exiftool finds in a file beyond the groups and tags `allowed`."""
    import json
    said = json.loads(run("exiftool", "-a", "-u", "-G1", "-json", path))[0]
    return sorted(k for k in said if k != "SourceFile" and k.split(":")[0] not in ("ExifTool", "System", "File",
                                                                                     "Composite") and k not in allowed)


PNG_OWN = {"PNG:" + k for k in ("ImageWidth", "ImageHeight", "BitDepth", "ColorType", "Compression", "Filter",
                                "Interlace")}
