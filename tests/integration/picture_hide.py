#!/usr/bin/env python3
"""Hiding places in pictures: for each format, a file per place with a marker in it, and one file with
all of them that do not refuse by themselves. Formats as in picture_make.py; nothing here uses weighlock.

places(format) gives (place, bytes of the file, marker, outcome): outcome "pass" or the rule that refuses it.
"""
import io
import struct
import sys
import os
import zipfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import picture_make as make  # noqa: E402
from picture_make import ASCII, BYTE, LONG, RATIONAL, SHORT, UNDEFINED, Tiff, chunk, cjpeg, jpeg_with, segment  # noqa: E402

ROWS16 = make.scan(48, 32, 1, 16)
ROWS8 = make.scan(48, 32, 1, 8)
RGB8 = make.scan(48, 32, 3, 8)


def marker(kind, place):
    return ("CNRY-%s-%s-END" % (kind, place)).encode()


def a_zip(mark):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(zipfile.ZipInfo("x"), mark)
    return out.getvalue()


def small_jpeg(mark):
    return jpeg_with(cjpeg(make.scan(8, 8, 3, 8)), first=segment(0xFE, mark))


def exif(marks):
    """An EXIF block, little-endian: marks by name."""
    t = Tiff("<")
    maker, body, user = (marks.get(k, b"") for k in ("maker", "serial", "user"))
    _, inner = t.directory({0x927C: (UNDEFINED, maker + b"....."), 0xA431: (ASCII, body + b"\0...."),
                            0x9286: (UNDEFINED, b"ASCII\0\0\0" + user)}, chain=False)
    _, gps = t.directory({0x1B: (UNDEFINED, b"ASCII\0\0\0" + marks.get("gps", b"")),
                          2: (RATIONAL, [45, 1, 30, 1, 0, 1])}, chain=False)
    thumb = small_jpeg(marks.get("thumbnail", b"...."))
    at = t.put(thumb)
    _, ifd1 = t.directory({0x201: (LONG, [at]), 0x202: (LONG, [len(thumb)])}, chain=False)
    t.directory({0x10F: (ASCII, marks.get("make", b"....") + b"\0"), 0x110: (ASCII, marks.get("model", b"....") + b"\0"),
                 0x13B: (ASCII, marks.get("artist", b"....") + b"\0"), 0x132: (ASCII, b"2026:11:03 08:00:00\0"),
                 0x8769: (LONG, [inner]), 0x8825: (LONG, [gps])}, following=ifd1)
    return t.finish()


EXIF_PLACES = ("make", "model", "artist", "serial", "user", "maker", "gps", "thumbnail")


def xmp(mark):
    return (b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/'
            b'22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="' + mark +
            b'"/></rdf:RDF></x:xmpmeta>')


def icc(mark, second=b"...."):
    """A profile of two private tags: what decoders make of it does not matter, samples are not changed by it."""
    tags, body, at = b"", b"", 128 + 4 + 24
    for name, text in ((b"priv", mark), (b"cprt", second)):
        data = b"text\0\0\0\0" + text + b"\0"
        data += b"\0" * (-len(data) % 4)
        tags += name + struct.pack(">LL", at + len(body), len(data))
        body += data
    head = struct.pack(">L4sL4s4s4s", at + len(body), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ").ljust(128, b"\0")
    return head[:36] + b"acsp" + head[40:] + struct.pack(">L", 2) + tags + body


def photoshop(byline, thumb):
    def resource(number, data):
        return b"8BIM" + struct.pack(">HHL", number, 0, len(data)) + data + b"\0" * (len(data) % 2)
    iptc = b"\x1c\x02\x50" + struct.pack(">H", len(byline)) + byline
    return resource(1028, iptc) + resource(1036, b"\0" * 28 + small_jpeg(thumb))


# ---- JPEG ----
def jpeg_places():
    base = cjpeg(RGB8)

    def one(place, outcome="pass", **how):
        mark = marker("jpeg", place)
        return place, jpeg_with(base, **{k: v(mark) for k, v in how.items()}), mark, outcome

    def app(n, head=b""):
        return lambda m: segment(0xE0 + n, head + m)

    yield one("jfxx", first=lambda m: segment(0xE0, b"JFXX\0\x10" + small_jpeg(m)))
    for place in EXIF_PLACES:
        yield one("exif-" + place, first=lambda m, p=place: segment(0xE1, b"Exif\0\0" + exif({p: m})))
    yield one("xmp", first=lambda m: segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(m)))
    yield one("extended-xmp", first=lambda m: segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40 + m))
    yield one("icc-desc", first=lambda m: segment(0xE2, b"ICC_PROFILE\0\1\1" + icc(m)))
    yield one("icc-text", first=lambda m: segment(0xE2, b"ICC_PROFILE\0\1\1" + icc(b"....", m)))
    yield one("flashpix", first=app(2, b"FPXR\0"))
    yield one("mpf", first=app(2, b"MPF\0"))
    for n in (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15):
        yield one("app%d" % n, first=app(n, b"VENDOR\0"))
    yield one("jumbf", first=app(11, b"JP\0\1\0\0\0\1"))
    yield one("iptc", first=lambda m: segment(0xED, b"Photoshop 3.0\0" + photoshop(m, b"....")))
    yield one("8bim-thumbnail", first=lambda m: segment(0xED, b"Photoshop 3.0\0" + photoshop(b"....", m)))
    yield one("adobe-surplus", first=lambda m: segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + m))
    yield one("comment", first=lambda m: segment(0xFE, m))
    yield one("comment-before-scan", before_scan=lambda m: segment(0xFE, m))
    yield one("unused-dqt", tables=lambda m: segment(0xDB, b"\3" + m.ljust(64, b".")[:64]))
    yield one("unused-dht", tables=lambda m: segment(0xC4, b"\x13" + bytes([0] * 6 + [len(m)] + [0] * 9) + m))
    yield one("behind-last-mcu", "image.warning", in_scan=lambda m: b"\0" + m)
    yield one("second-picture", "image.several-pages", behind=small_jpeg)
    yield one("zip", "image.trailing-bytes", behind=a_zip)
    mark = marker("jpeg", "jfif-thumbnail")
    pixels = mark.ljust(48, b".")[:48]
    yield ("jfif-thumbnail", jpeg_with(base, first=segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\4\4" + pixels), no_jfif=True),
           mark, "pass")


# ---- PNG ----
def png_places():
    stream = zlib.compress(make.png_data(ROWS16, 0, 16))

    def one(place, outcome="pass", before=None, after=None, behind=None, data=None):
        mark = marker("png", place)
        parts = {k: v(mark) for k, v in (("before", before), ("after", after), ("behind", behind)) if v}
        return place, make.png(ROWS16, 0, 16, stream=data(mark) if data else stream, **parts), mark, outcome

    raw = make.png_data(ROWS16, 0, 16)
    yield one("surplus-rows", "image.warning", data=lambda m: zlib.compress(raw + m * 20))
    yield one("behind-adler", "image.warning", data=lambda m: stream + m)
    yield one("iccp-name", before=lambda m: chunk(b"iCCP", m + b"\0\0" + zlib.compress(icc(b"...."))))
    yield one("iccp-desc", before=lambda m: chunk(b"iCCP", b"p\0\0" + zlib.compress(icc(m))))
    yield one("iccp-text", before=lambda m: chunk(b"iCCP", b"p\0\0" + zlib.compress(icc(b"....", m))))
    yield one("text", before=lambda m: chunk(b"tEXt", b"Comment\0" + m))
    yield one("ztxt", before=lambda m: chunk(b"zTXt", b"Comment\0\0" + zlib.compress(m)))
    yield one("itxt-xmp", before=lambda m: chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(m)))
    yield one("itxt-compressed", before=lambda m: chunk(b"iTXt", b"Note\0\1\0\0\0" + zlib.compress(m)))
    yield one("raw-profile", before=lambda m: chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(
        b"\nexif\n %d\n" % len(m) + m.hex().encode())))
    for place in EXIF_PLACES:
        yield one("exif-" + place, before=lambda m, p=place: chunk(b"eXIf", exif({p: m})))
    yield one("splt", before=lambda m: chunk(b"sPLT", m + b"\0\x08" + bytes(6)))
    yield one("pcal", before=lambda m: chunk(b"pCAL", m + b"\0" + struct.pack(">llBB", 0, 255, 0, 2) + b"u\0" + b"0\0001"))
    yield one("private-safe", before=lambda m: chunk(b"prVt", m))
    yield one("private-unsafe", before=lambda m: chunk(b"prVT", m))
    yield one("c2pa", before=lambda m: chunk(b"caBX", m))
    yield one("animation", "image.several-pages",
              before=lambda m: chunk(b"acTL", struct.pack(">LL", 2, 0)),
              after=lambda m: chunk(b"fdAT", struct.pack(">L", 1) + zlib.compress(m * 40)))
    yield one("fdat-alone", "image.several-pages", after=lambda m: chunk(b"fdAT", struct.pack(">L", 1) + zlib.compress(m)))
    yield one("text-behind-idat", after=lambda m: chunk(b"tEXt", b"Comment\0" + m))
    yield one("text-behind-iend", "image.trailing-bytes", behind=lambda m: chunk(b"tEXt", b"Comment\0" + m))
    yield one("acropalypse", "image.trailing-bytes",
              behind=lambda m: chunk(b"IDAT", zlib.compress(m)) + chunk(b"IEND"))
    yield one("zip", "image.trailing-bytes", behind=a_zip)


# ---- TIFF ----
TEXT_TAGS = {"document-name": 269, "description": 270, "make": 271, "model": 272, "page-name": 285, "software": 305,
             "artist": 315, "host-computer": 316, "copyright": 33432, "unique-id": 42016, "gdal": 42112,
             "private-ascii": 65001}
BYTE_TAGS = {"xmp": 700, "iptc": 33723, "photoshop": 34377, "icc": 34675, "imagej-counts": 50838, "imagej": 50839,
             "private": 65000}


def tiff_places():
    def one(place, outcome="pass", extra=None, behind=b"", before=None):
        mark = marker("tiff", place)
        t = Tiff("<")
        if before:
            before(t, mark)
        tags = make.tiff_tags(ROWS16, 16)
        tags.update(make.tiff_parts(t, ROWS16, 16, 1))
        tags.update(extra(t, mark) if extra else {})
        t.directory(tags)
        return place, t.finish(behind(mark) if behind else b""), mark, outcome

    for place, tag in TEXT_TAGS.items():
        yield one(place, extra=lambda t, m, n=tag: {n: (ASCII, m + b"\0")})
    for place, tag in BYTE_TAGS.items():
        wrap = {"xmp": xmp, "icc": icc, "photoshop": lambda m: photoshop(b"....", m)}.get(place, bytes)
        yield one(place, extra=lambda t, m, n=tag, w=wrap: {n: (BYTE, w(m))})
    yield one("icc-text", extra=lambda t, m: {34675: (UNDEFINED, icc(b"....", m))})
    yield one("exif-serial", extra=lambda t, m: {34665: (LONG, [t.directory({0xA431: (ASCII, m + b"\0")}, chain=False)[1]])})
    yield one("exif-maker", extra=lambda t, m: {34665: (LONG, [t.directory({0x927C: (UNDEFINED, m)}, chain=False)[1]])})
    yield one("gps", extra=lambda t, m: {34853: (LONG, [t.directory({0x1B: (UNDEFINED, m)}, chain=False)[1]])})

    def preview(t, m):
        at = t.put(m.ljust(64, b"."))
        return {330: (LONG, [t.directory({254: (LONG, [1]), 256: (SHORT, [8]), 257: (SHORT, [8]), 258: (SHORT, [8]),
                                          259: (SHORT, [1]), 262: (SHORT, [1]), 273: (LONG, [at]), 277: (SHORT, [1]),
                                          278: (SHORT, [8]), 279: (LONG, [64])}, chain=False)[1]])}
    yield one("subifd-thumbnail", extra=preview)
    yield one("gap-before-strips", before=lambda t, m: t.put(m))
    yield one("orphan-directory", before=lambda t, m: t.directory({270: (ASCII, m + b"\0")}, chain=False))
    yield one("zip", "image.trailing-bytes", behind=a_zip)
    yield one("date", extra=lambda t, m: {306: (ASCII, m + b"\0")})

    mark = marker("tiff", "gap-between-strips")
    t = Tiff("<")
    tags = make.tiff_tags(ROWS16, 16)
    tags.update(make.tiff_parts(t, ROWS16, 16, 1, rows_per_strip=32))
    t.put(mark)  # behind the strip, and its count covers it
    at, size = tags[273][1][0], tags[279][1][0]
    tags[279] = (LONG, [len(t.body) - at])
    assert len(t.body) - at > size
    t.directory(tags)
    yield "gap-between-strips", t.finish(), mark, "pass"


def tiff_second_page():
    """Page 1 is the usual one; the marker is in the words and the samples of a page marked as reduced."""
    mark = marker("tiff", "reduced-page")
    t = Tiff("<")
    tags = make.tiff_tags(ROWS16, 16)
    tags.update(make.tiff_parts(t, ROWS16, 16, 1))
    pointer, _ = t.directory(tags)
    strip = t.put(mark.ljust(64, b"."))
    _, at = t.directory({254: (LONG, [1]), 256: (SHORT, [8]), 257: (SHORT, [8]), 258: (SHORT, [8]), 259: (SHORT, [1]),
                         262: (SHORT, [1]), 270: (ASCII, mark + b"\0"), 273: (LONG, [strip]), 277: (SHORT, [1]),
                         278: (SHORT, [8]), 279: (LONG, [64])}, chain=False)
    t.link(pointer, at)
    return "reduced-page", t.finish(), mark, "pass"


# ---- BMP ----
def bmp_places():
    rows = make.scan(318, 8, 3, 8)

    def one(place, outcome="pass", **how):
        mark = marker("bmp", place)
        return place, make.bmp(rows, 24, header=124, **{k: v(mark) for k, v in how.items()}), mark, outcome

    yield one("icc-desc", profile=icc)
    yield one("icc-text", profile=lambda m: icc(b"....", m))
    yield one("gap", gap=bytes)
    yield one("zip", "image.trailing-bytes", behind=a_zip)
    # 318 * 3 leaves two bytes a row: the marker in pieces, so that only its absence from the row padding can be shown
    mark = marker("bmp", "pad")
    lines = []
    for y, row in enumerate(rows):
        lines.append(b"".join(bytes((p[2], p[1], p[0])) for p in row) + mark.ljust(32, b".")[2 * y:2 * y + 2])
    yield "row-padding", make.bmp(rows, 24, data=b"".join(lines[::-1])), mark[:2] + mark[2:4], "pass"
    number = marker("bmp", "x")[:4]
    yield "reserved", make.bmp(rows, 24, reserved=struct.unpack("<L", number)[0]), number, "pass"
    yield "resolution", make.bmp(rows, 24, ppm=struct.unpack("<l", b"CNR7")[0]), b"CNR7", "pass"


PLACES = {"jpeg": jpeg_places, "png": png_places, "tiff": tiff_places, "bmp": bmp_places}
ENDING = {"jpeg": ".jpg", "png": ".png", "tiff": ".tif", "bmp": ".bmp"}


def places(kind):
    yield from PLACES[kind]()
    if kind == "tiff":
        yield tiff_second_page()


if __name__ == "__main__":
    for name in sys.argv[2:] or PLACES:
        for place, data, _, _ in places(name):
            with open(os.path.join(sys.argv[1], name + "-" + place + ENDING[name]), "wb") as f:
                f.write(data)
