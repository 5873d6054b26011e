#!/usr/bin/env python3
"""Samples: every kind of picture that is read comes out with the samples it was made from, and with
those that a decoder nobody here wrote finds in it; masks cover and change nothing else. Refusals: each
kind of file that is not read, by its rule. Made by hand, so that no corpus is needed."""
import os
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import picture_make as make  # noqa: E402
from picture_read import canonical, read_pam, run, samples_of, samples_sha256  # noqa: E402
from scrub_tools import Folder, expect, finish, need, scrub, scrub_files, weighlock  # noqa: E402

need("cjpeg", "djpeg", "jpegtran", "pngtopam", "pngcheck", "tiffcp", "tifftopnm", "bmptopnm")


def spread(rows, depth):
    """Below 8 bits: scaled as the standard says."""
    top = (1 << depth) - 1
    return [[tuple(v * 255 // top for v in p) for p in row] for row in rows] if depth < 8 else rows


# ---- PNG: all colour types, depths, interlacing ----
def png_cases():
    cases = {}
    for interlaced in (False, True):
        for colour, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 4: (8, 16), 6: (8, 16), 3: (1, 2, 4, 8)}.items():
            for depth in depths:
                rows = make.scan(37, 23, make.CHANNELS[colour], depth)
                name = "c%d-d%d%s.png" % (colour, depth, "-i" if interlaced else "")
                if colour != 3:
                    cases[name] = (make.png(rows, colour, depth, interlaced), samples_of(spread(rows, depth), max(8, depth)))
                    continue
                palette = [(i * 5 % 256, i * 11 % 256, i * 17 % 256) for i in range(1 << depth)]
                plte = make.chunk(b"PLTE", bytes(v for c in palette for v in c))
                wide = [[palette[p[0]] for p in row] for row in rows]
                cases[name] = (make.png(rows, 3, depth, interlaced, palette=plte), samples_of(wide, 8))
                alpha = bytes((i * 40) % 256 for i in range(1 << depth))
                wide = [[palette[p[0]] + (alpha[p[0]],) for p in row] for row in rows]
                cases["t" + name] = (make.png(rows, 3, depth, interlaced, palette=plte + make.chunk(b"tRNS", alpha)),
                                     samples_of(wide, 8))
    for depth in (8, 16):  # one value is transparent
        rows = make.scan(37, 23, 1, depth)
        key = rows[3][5][0]
        wide = [[p + ((0,) if p[0] == key else ((1 << depth) - 1,)) for p in row] for row in rows]
        cases["key%d.png" % depth] = (make.png(rows, 0, depth, before=make.chunk(b"tRNS", struct.pack(">H", key))),
                                      samples_of(wide, depth))
        rows = make.scan(37, 23, 3, depth)
        key = rows[3][5]
        wide = [[p + ((0,) if p == key else ((1 << depth) - 1,)) for p in row] for row in rows]
        cases["rgb-key%d.png" % depth] = (make.png(rows, 2, depth, before=make.chunk(b"tRNS", struct.pack(">HHH", *key))),
                                          samples_of(wide, depth))
    big = make.scan(700, 900, 1, 16)
    cases["several-idat.png"] = (make.png(big, 0, 16, kinds=(0, 2)), samples_of(big, 16))
    return cases


# ---- TIFF: depths, orders, packings, strips and tiles, planes, pages ----
def tiff_cases():
    cases = {}
    for order in "<>":
        for channels in (1, 2, 3, 4):
            for depth in (8, 16):
                rows = make.scan(45, 31, channels, depth)
                for compression in (1, 8, 32946, 32773):
                    for layout, how in {"strips": {}, "one": {"rows_per_strip": 99}, "tiles": {"tile": (16, 16)},
                                        "planes": {"planar": True}, "tiled-planes": {"planar": True, "tile": (32, 16)},
                                        "predicted": {"predictor": 2}}.items():
                        if layout == "predicted" and compression not in (8, 32946):
                            continue
                        name = "%s-%d-%d-%d-%s.tif" % ("le" if order == "<" else "be", channels, depth, compression, layout)
                        cases[name] = (make.tiff(rows, depth, order, compression, **how), samples_of(rows, depth))
    for depth in (8, 16):
        rows = make.scan(45, 31, 1, depth)
        top = (1 << depth) - 1
        cases["white-is-zero-%d.tif" % depth] = (make.tiff(rows, depth, photometric=0),
                                                 samples_of([[(top - p[0],) for p in row] for row in rows], depth))
    with Folder() as f:  # LZW by libtiff's own tool
        for channels, depth in ((1, 8), (1, 16), (3, 8), (3, 16)):
            rows = make.scan(45, 31, channels, depth)
            for options in (["-c", "lzw:1"], ["-c", "lzw:2"], ["-c", "lzw", "-t", "-w", "16", "-l", "16"], ["-c", "lzw", "-B"]):
                source = f.put("a.tif", make.tiff(rows, depth))
                subprocess.run(["tiffcp", *options, source, f / "b.tif"], check=True, stderr=subprocess.DEVNULL)
                cases["lzw-%d-%d-%s.tif" % (channels, depth, "".join(options[1:]).replace(":", ""))] = (
                    f.get("b.tif"), samples_of(rows, depth))
    return cases


# ---- BMP: headers, depths, bit fields, run lengths, directions ----
def rle(rows, depth, encoded=None):
    out = b""
    for row in rows[::-1]:
        x = 0
        while x < len(row):
            n = min(7, len(row) - x)
            plain = [p[0] for p in row[x:x + n]]
            if len(set(plain)) == 1 or n < 3:
                for v in plain:
                    out += bytes([1, v if depth == 8 else v << 4 | v])
            elif depth == 8:
                out += bytes([0, n] + plain) + b"\0" * (n % 2)
            else:
                data = bytes((a << 4) | b for a, b in zip(plain[0::2], (plain + [0])[1::2]))
                out += bytes([0, n]) + data + b"\0" * (len(data) % 2)
            x += n
        out += b"\0\0"
    return out + b"\0\1"


def field_case(depth, masks, header, rows, bits=8):
    """rows of (r, g, b[, a]) within the masks' widths: the pixels, and what they mean."""
    shift = [(m & -m).bit_length() - 1 for m in masks if m]
    top = [m >> s for m, s in zip(masks, shift)]
    most = (1 << bits) - 1
    packed = [[sum((v % (t + 1)) << s for v, t, s in zip(p, top, shift)) for p in row] for row in rows]
    means = [[tuple(((v % (t + 1)) * most + t // 2) // t for v, t in zip(p, top)) for p in row] for row in rows]
    return make.bmp(packed, depth, header=header, masks=masks, compression=3), samples_of(means, bits)


def bmp_cases():
    cases = {}
    rgb = make.scan(33, 17, 3, 8)
    for header in (12, 40, 52, 56, 64, 108, 124):
        for down in (False, True) if header != 12 else (False,):
            cases["h%d%s.bmp" % (header, "d" if down else "")] = (make.bmp(rgb, 24, header, down), samples_of(rgb, 8))
    for depth in (1, 4, 8):
        rows = make.scan(33, 17, 1, depth)
        palette = [(i * 9 % 256, i * 3 % 256, 255 - i) for i in range(1 << depth)]
        means = samples_of([[palette[p[0]] for p in row] for row in rows], 8)
        for header in (12, 40, 124):
            cases["p%d-h%d.bmp" % (depth, header)] = (make.bmp(rows, depth, header, palette=palette), means)
        if depth > 1:
            cases["rle%d.bmp" % depth] = (make.bmp(rows, depth, palette=palette, compression={8: 1, 4: 2}[depth],
                                                   data=rle(rows, depth)), means)
    wide = make.scan(33, 17, 4, 8)
    cases["plain16.bmp"] = field_case(16, (0x7C00, 0x3E0, 0x1F), 40, rgb)[0], field_case(16, (0x7C00, 0x3E0, 0x1F), 40, rgb)[1]
    cases["fields565.bmp"] = field_case(16, (0xF800, 0x7E0, 0x1F), 40, rgb)
    cases["fields888.bmp"] = field_case(32, (0xFF, 0xFF00, 0xFF0000), 40, rgb)
    cases["fields8888.bmp"] = field_case(32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 108, wide)
    cases["fields101010.bmp"] = field_case(32, (0x3FF00000, 0xFFC00, 0x3FF, 0), 108, make.scan(33, 17, 3, 10), 16)
    packed = [[p[0] << 16 | p[1] << 8 | p[2] | 0x5A000000 for p in row] for row in rgb]
    cases["plain32.bmp"] = (make.bmp(packed, 32), samples_of(rgb, 8))
    cases["padded.bmp"] = (make.bmp(rgb, 24, behind=b"\0\0"), samples_of(rgb, 8))
    return cases


def jpeg_cases():
    cases = {}
    rgb, gray = make.scan(83, 61, 3, 8), make.scan(83, 61, 1, 8)
    for name, rows, options in (("base", rgb, ()), ("444", rgb, ("-sample", "1x1")), ("progressive", rgb, ("-progressive",)),
                                ("422", rgb, ("-sample", "2x1")), ("gray", gray, ("-grayscale",)), ("rgb", rgb, ("-rgb",)),
                                ("gray-progressive", gray, ("-progressive",)), ("restart", rgb, ("-restart", "1"))):
        data = make.cjpeg(rows, *options)
        cases[name + ".jpg"] = (data, read_pam(run("djpeg", "-pnm", data=data)))
    return cases


def others(name, data):
    """What an independent decoder finds, or None where it does not say all of it."""
    if name.startswith("rgb-key"):
        return None  # netpbm takes no colour of an RGB picture for transparent
    if name.endswith(".png"):
        return read_pam(run("pngtopam", "-alphapam" if name[0] == "t" or name[:2] in ("c4", "c6") or "key" in name else
                            "-quiet", data=data))
    if name.endswith(".jpg"):
        return read_pam(run("djpeg", "-pnm", data=data))
    if name.endswith(".tif") and "-2-" not in name and "-4-" not in name and "planes" not in name:
        if "16" in name and ("tiles" in name or "-t-" in name):
            return None  # 16 bits come whole by rows only, and tiles have none
        return read_pam(run("tifftopnm", "-byrow" if "16" in name else "-quiet", data=data))
    if name.endswith(".bmp") and not any(w in name for w in ("fields", "plain", "rle", "h52", "h56", "h12", "h64")):
        return read_pam(run("bmptopnm", data=data))
    return None


def compare(cases):
    rows, outputs = scrub_files({name: data for name, (data, _) in cases.items()})
    asked = 0
    for name, (data, wanted) in sorted(cases.items()):
        row = rows[name][0]
        if row["verdict"] != "pass":
            expect(name, False, row)
            continue
        out = outputs[row["output"]]
        got = canonical(out)
        expect("%s: the samples it was made from" % name, got == wanted, (got[:4], wanted[:4]))
        expect("%s: what --json says of them" % name, got[:4] == (row["width"], row["height"], row["bits"], row["channels"])
               and samples_sha256(*got) == row["samples_sha256"] == row["decoded_sha256"], row)
        found = others(name, data)
        if found and found[3] == got[3]:
            asked += 1
            expect("%s: what another decoder finds in the source" % name, found[:4] == got[:4] and found[4] == got[4])
        again = run("pngtopam", "-alphapam" if got[3] in (2, 4) else "-quiet", data=out)
        expect("%s: what another decoder finds in the output" % name, read_pam(again) == got, read_pam(again)[:4])
    with Folder() as f:
        for name, data in outputs.items():
            f.put(name, data)
        checked = subprocess.run(["pngcheck", "-q", *sorted(f / n for n in outputs)], stdout=subprocess.PIPE)
        expect("pngcheck has nothing to say of %d outputs" % len(outputs), checked.returncode == 0, checked.stdout)
    return asked


# ---- masks ----


def masks():
    rows = make.scan(60, 40, 1, 16)
    colour = make.scan(60, 40, 4, 8)
    text = """policy: 1
version: 1
station: { id: STN1, mode: test, origin: test.example/stn1, languages: [en] }
people:
  admin-1: { accounts: ["uid:1"], roles: [administrator] }
  admin-2: { accounts: ["uid:2"], roles: [administrator] }
  appr-1: { accounts: ["uid:3"], roles: [approver] }
conflicts: []
ports:
  a1: { match: "loop:64", use: source }
  b1: { match: "loop:65", use: destination }
trust: { acme-key: { role: vendor, spki_sha256: "0f343b0931126a20f133d67c2b018a3b5f1d3c4e5a6978877665544332211000", purpose: code-signing } }
vendors: { acme: { signature: cms-detached, anchors: [acme-key], signers: 1, ticket: none, authority_signers: 0 } }
devices:
  x-0042:
    vendor: acme
    model: x100
    serial: X-0042
    volume: fat32
    names: any
    masks:
      - { width: 60, height: 40, rect: [0, 0, 60, 8], why: banner }
      - { width: 60, height: 40, rect: [50, 30, 10, 10], why: plate }
    mask_unknown_size: %s
inbound: { ticket_channel: any, archives: [zip], os_litter: leave, approvals: 1 }
outbound: { outputs: [scrubbed], formats: [png, tiff], authorities: [ca-107-5-a], recipients: [], encrypt: never, approvals: 1 }
approvals: { valid: 8 h, needs: [] }
destination: { require: any, wipe: quick }
vault: { quota: 1 GiB, require_encrypted_disk: false, keep_refused: 30 d }
limits: { image_side: 100 }
"""

    def covered(rows, full):
        return [[tuple(0 if c < 3 else full for c in range(len(p))) if y < 8 or (x >= 50 and y >= 30) else p
                 for x, p in enumerate(row)] for y, row in enumerate(rows)]
    with Folder() as f:
        p = f.put("p.yaml", (text % "refuse").encode())
        f.put("in/a.png", make.png(rows, 0, 16))
        f.put("in/b.png", make.png(colour, 6, 8))
        f.put("in/c.png", make.png(make.scan(61, 40, 1, 8), 0, 8))
        f.put("in/d.bmp", make.bmp(make.scan(60, 40, 3, 8), 24))
        f.put("in/e.png", make.png(make.scan(101, 4, 1, 8), 0, 8))
        status, said = scrub(f / "out", f / "in", options=("--policy", p, "--device", "X-0042"))
        by = {os.path.basename(r["source"]): r for r in said}
        expect("masks: exit status 1, since some are refused", status == 1, said)
        for name, source, bits in (("a.png", rows, 16), ("b.png", colour, 8)):
            got = canonical(f.get("out/" + by[name]["output"]))
            wanted = samples_of(covered(source, (1 << bits) - 1), bits)
            expect("masks: %s is covered and equal outside" % name, got == wanted)
            expect("masks: %s says which were laid" % name, [m["why"] for m in by[name]["masks"]] == ["banner", "plate"])
            expect("masks: %s: digests before and after" % name, by[name]["samples_sha256"] == samples_sha256(*wanted) and
                   by[name]["decoded_sha256"] == samples_sha256(*samples_of(source, bits)))
        expect("masks: another size is image.mask-missing", by["c.png"]["rule"] == "image.mask-missing", by["c.png"])
        expect("masks: a format the policy does not name is image.format", by["d.bmp"]["rule"] == "image.format", by["d.bmp"])
        expect("masks: a side beyond the policy's is image.too-large", by["e.png"]["rule"] == "image.too-large", by["e.png"])
        expect("masks: the policy is unsigned, and that is said", all(r["not_checked"] == ["policy.signature"] for r in said))
        p = f.put("q.yaml", (text % "pass").encode())
        status, said = scrub(f / "out2", f / "in/c.png", options=("--policy", p, "--device", "x-0042"))
        expect("masks: mask_unknown_size: pass", status == 0 and said[0]["masks"] == [], said)
        r = weighlock("scrub", "-o", f / "out3", "--device", "x-0042", f / "in/c.png")
        expect("a device without a policy is a mistake (2)", r.returncode == 2, r.stderr)
        r = weighlock("scrub", "-o", f / "out3", "--policy", p, "--device", "nobody", f / "in/c.png")
        expect("a device the policy does not have is a mistake (2)", r.returncode == 2, r.stderr)


# ---- refusals ----
def refusals():
    rows, rgb = make.scan(40, 30, 1, 8), make.scan(40, 30, 3, 8)
    good = make.png(rows, 0, 8)
    jpeg = make.cjpeg(rgb)
    tiff = make.tiff(rows, 8)
    bmp = make.bmp(rgb, 24)
    sof = jpeg.index(b"\xff\xc0")
    no_way = {  # name: (bytes, rule)
        "empty.png": (b"", "image.format"),
        "page.png": (b"<html><script>alert(1)</script></html>", "image.format"),
        "picture.gif": (b"GIF89a" + bytes(40), "image.format"),
        "report.pdf": (b"%PDF-1.4\n", "image.format"),
        "scan.dcs": (bytes(128) + b"DICM" + bytes(40), "image.format"),
        "a.jpg": (good, "image.type-mismatch"),
        "a.pdf": (good, "image.type-mismatch"),
        "b.png": (jpeg, "image.type-mismatch"),
        "c.tif": (bmp, "image.type-mismatch"),
        "short.png": (good[:-20], "image.truncated"),
        "shorter.png": (good[:60], "image.truncated"),
        "fewer-rows.png": (make.png(rows, 0, 8, stream=zlib.compress(make.png_data(rows[:20], 0, 8))), "image.truncated"),
        "crc.png": (good[:40] + bytes([good[40] ^ 1]) + good[41:], "image.damaged"),
        "no-idat.png": (make.SIGNATURE + make.ihdr(rows, 0, 8) + make.chunk(b"IEND"), "image.damaged"),
        "twice-ihdr.png": (make.png(rows, 0, 8, before=make.ihdr(rows, 0, 8)), "image.damaged"),
        "depth.png": (make.png(rows, 0, 8).replace(make.ihdr(rows, 0, 8), make.ihdr(rows, 0, 7)), "image.damaged"),
        "critical.png": (make.png(rows, 0, 8, before=make.chunk(b"CODE", b"x")), "image.codec"),
        "no-palette.png": (make.png(rows, 3, 8), "image.damaged"),
        "filter.png": (make.png(rows, 0, 8, stream=zlib.compress(b"\7" + make.png_data(rows, 0, 8)[1:])), "image.damaged"),
        "behind.png": (good + b"x", "image.trailing-bytes"),
        "short.jpg": (jpeg[:-30], "image.truncated"),
        "ends-in-scan.jpg": (jpeg[:-60] + b"\xff\xd9", "image.truncated"),
        "no-scan.jpg": (jpeg[:sof] + b"\xff\xd9", "image.damaged"),
        "12bit.jpg": (jpeg[:sof + 4] + b"\x0c" + jpeg[sof + 5:], "image.codec"),
        "arithmetic.jpg": (jpeg[:sof + 1] + b"\xc9" + jpeg[sof + 2:], "image.codec"),
        "lossless.jpg": (jpeg[:sof + 1] + b"\xc3" + jpeg[sof + 2:], "image.codec"),
        "cmyk.jpg": (jpeg[:sof + 9] + b"\x04" + jpeg[sof + 10:], "image.codec"),
        "height-later.jpg": (jpeg[:sof + 5] + b"\0\0" + jpeg[sof + 7:], "image.codec"),
        "tables.jpg": (jpeg.replace(b"\xff\xdb", b"\xff\xfe"), "image.damaged"),
        "behind.jpg": (jpeg + b"x", "image.trailing-bytes"),
        "two.jpg": (jpeg + jpeg, "image.several-pages"),
        "short.tif": (tiff[:-30], "image.truncated"),
        "big.tif": (b"II+\0" + tiff[4:], "image.codec"),
        "loop.tif": (tiff[:-4] + tiff[4:8], "image.damaged"),
        "one-bit.tif": (make.tiff(rows, 8, extra={258: (make.SHORT, [1])}), "image.codec"),
        "float.tif": (make.tiff(rows, 8, extra={339: (make.SHORT, [3])}), "image.codec"),
        "palette.tif": (make.tiff(rows, 8, photometric=3), "image.codec"),
        "fax.tif": (make.tiff(rows, 8, extra={259: (make.SHORT, [4])}), "image.codec"),
        "jpeg.tif": (make.tiff(rows, 8, extra={259: (make.SHORT, [7])}), "image.codec"),
        "premultiplied.tif": (make.tiff(make.scan(40, 30, 2, 8), 8, extra={338: (make.SHORT, [1])}), "image.codec"),
        "strips.tif": (make.tiff(rows, 8, extra={278: (make.SHORT, [2])}), "image.damaged"),
        "deflated.tif": (make.tiff(rows, 8, extra={259: (make.SHORT, [8])}), "image.damaged"),
        "behind.tif": (tiff + b"xxxx", "image.trailing-bytes"),
        "only-preview.tif": (make.tiff(rows, 8, extra={254: (make.LONG, [1])}), "image.several-pages"),
        "short.bmp": (bmp[:-200], "image.truncated"),
        "header.bmp": (b"BM" + bmp[2:14] + struct.pack("<L", 41) + bmp[18:], "image.codec"),
        "in-png.bmp": (make.bmp(rgb, 24, compression=5), "image.codec"),
        "colour.bmp": (make.bmp(rows, 8, palette=[(0, 0, 0)] * 3), "image.damaged"),
        "overlap.bmp": (make.bmp([[p[0] for p in r] for r in rows], 16, masks=(0xF800, 0xFFE0, 0x1F), compression=3),
                        "image.damaged"),
        "run.bmp": (make.bmp(rows, 8, palette=[(i, i, i) for i in range(256)], compression=1, data=b"\xff\1\0\1"),
                    "image.damaged"),
        "no-end.bmp": (make.bmp(rows, 8, palette=[(i, i, i) for i in range(256)], compression=1, data=b"\1\1\0\0"),
                       "image.truncated"),
        "behind.bmp": (bmp + b"xxxx", "image.trailing-bytes"),
        "flat.bmp": (bmp[:18] + b"\0\0\0\0" + bmp[22:], "image.damaged"),
        "wide.bmp": (bmp[:18] + struct.pack("<l", 40000) + bmp[22:], "image.too-large"),
    }
    result, outputs = scrub_files({n: d for n, (d, _) in no_way.items()})
    for name, (_, rule) in sorted(no_way.items()):
        row = result[name][0]
        expect("%s: %s" % (name, rule), row["verdict"] == "refuse" and row["rule"] == rule and "output" not in row, row)
    expect("nothing came of what was refused", outputs == {}, sorted(outputs))


# ---- pages, names, folders, statuses ----
def behaviour():
    pages = [make.scan(20 + i, 10, 1, 8, i) for i in range(3)]
    t = make.Tiff("<")
    pointer = None
    for i, rows in enumerate(pages):
        tags = make.tiff_tags(rows, 8)
        tags.update(make.tiff_parts(t, rows, 8, 1))
        following, at = t.directory(tags)
        if pointer:
            t.link(pointer, at)
        pointer = following
    with Folder() as f:
        f.put("in/three.tif", t.finish())
        status, rows = scrub(f / "out", f / "in/three.tif")
        expect("three pages: three outputs", status == 0 and [r["page"] for r in rows] == [1, 2, 3] and
               all(r["pages"] == 3 for r in rows), rows)
        found = [canonical(f.get("out/" + r["output"])) for r in rows]
        expect("each page has its samples", found == [samples_of(p, 8) for p in pages])
        expect("numbers go by the samples' digests", [r["output"] for r in sorted(rows, key=lambda r: r["samples_sha256"])]
               == ["%05d.png" % i for i in (1, 2, 3)])
        again = weighlock("scrub", "-o", f / "out", f / "in/three.tif")
        expect("a folder that is not empty is not written into (2)", again.returncode == 2 and b"not empty" in again.stderr,
               again.stderr)
        os.symlink("three.tif", f / "in/link.tif")
        expect("a link is not followed (2)", weighlock("scrub", "-o", f / "o2", f / "in/link.tif").returncode == 2)
        expect("a missing file is a mistake (2)", weighlock("scrub", "-o", f / "o3", f / "in/none").returncode == 2)
        expect("no PATH is a mistake (2)", weighlock("scrub", "-o", f / "o4").returncode == 2)
        os.unlink(f / "in/link.tif")
        os.makedirs(f / "empty")
        expect("an empty folder is a mistake (2)", weighlock("scrub", "-o", f / "o5", f / "empty").returncode == 2)
        bad = f.put("in/bad\x1b[31m\u202e.png", b"no picture")
        said = weighlock("scrub", "-o", f / "o6", f / "in")
        expect("one is refused, the others are made (1)", said.returncode == 1 and len(os.listdir(f / "o6")) == 3, said)
        expect("a refusal ends with its rule and what comes next", b"(rule image.format; weighlock help image.format)" in
               said.stderr and b"Next: " in said.stderr, said.stderr)
        expect("names are shown escaped", b"\x1b" not in said.stdout + said.stderr and "\u202e".encode() not in said.stdout)
        french = weighlock("scrub", "--lang", "fr", "-o", f / "o7", f / "in")
        expect("in French", "ont été reconstruites".encode() in french.stdout, french.stdout)
        broken = weighlock("scrub", "-o", f / "o8", f / "in/three.tif", env={"WEIGHLOCK_WORKERS": f / "empty"})
        expect("without workers it is a fault (3), and nothing is left", broken.returncode == 3 and
               os.listdir(f / "o8") == [], (broken.returncode, broken.stderr))
        os.unlink(bad)


asked = compare(png_cases()) + compare(jpeg_cases()) + compare(tiff_cases()) + compare(bmp_cases())
expect("other decoders were asked about most of them (%d)" % asked, asked > 120, asked)
masks()
refusals()
behaviour()
finish()
