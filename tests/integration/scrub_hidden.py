#!/usr/bin/env python3
"""Canaries and non-interference (reference: the places where pictures can hide something).

One file per hiding place, each with a marker of its own: a file comes out with the same samples and
without the marker, or is refused by the rule that is named here. And random containers around one
picture: all outputs are the same bytes, under names that say nothing of the sources.
"""
import os
import random
import struct
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import picture_hide as hide  # noqa: E402
import picture_make as make  # noqa: E402
from picture_read import PNG_OWN, canonical, metadata, run, samples_of, survivors  # noqa: E402
from scrub_tools import Folder, expect, finish, need, scrub, scrub_files  # noqa: E402

need("cjpeg", "djpeg", "exiftool")


def check_places(kind, samples):
    files, wanted = {}, {}
    for place, data, mark, outcome in hide.places(kind):
        name = kind + "-" + place + hide.ENDING[kind]
        files[name], wanted[name] = data, (mark, outcome)
    rows, outputs = scrub_files(files)
    for name, (mark, outcome) in wanted.items():
        row = rows[name][0]
        got = "pass" if row["verdict"] == "pass" else row["rule"]
        expect("%s: %s" % (name, outcome), got == outcome and len(rows[name]) == 1, row)
        if got == "pass":
            data = outputs[row["output"]]
            expect("%s: nothing of it is left" % name, not survivors(data, [mark]))
            expect("%s: same samples" % name, canonical(data) == samples)
    if kind != "bmp":
        plain = [n for n in wanted if survivors(files[n], [wanted[n][0]])]
        expect("%s: every marker can be seen in its source" % kind, len(plain) == len(wanted), set(wanted) - set(plain))
    everything = b"".join(outputs.values())
    leaves = [struct.pack("<LL", 2026, 11), b"2026:11:03", b"CNRY"]
    expect("%s: no value of a source is in any output" % kind, not any(v in everything for v in leaves[1:]))
    same = {v for v in outputs.values()}
    expect("%s: all outputs of one picture are the same bytes" % kind, len(same) == 1, len(same))


def djpeg_samples(data):
    from picture_read import read_pam
    return read_pam(run("djpeg", "-pnm", data=data))


def everything_at_once():
    """One file with all that does not refuse by itself, and what exiftool finds in its output."""
    before, mark = b"", hide.marker("png", "all")
    for place, data, _, outcome in hide.places("png"):
        if outcome == "pass":
            for kind, body in _chunks(data):
                if kind not in (b"IHDR", b"IDAT", b"IEND") and (kind != b"iCCP" or b"iCCP" not in before):
                    before += make.chunk(kind, body)
    before += make.chunk(b"tIME", bytes(7)) + make.chunk(b"pHYs", struct.pack(">LLB", 0x434E5259, 0x434E5259, 1))
    before += make.chunk(b"oFFs", struct.pack(">llB", 7, 7, 0)) + make.chunk(b"tEXt", b"Comment\0" + mark)
    source = make.png(hide.ROWS16, 0, 16, before=before)
    with Folder() as f:
        f.put("in/all.png", source)
        status, rows = scrub(f / "out", f / "in")
        expect("a PNG full of everything is rebuilt", status == 0 and rows[0]["verdict"] == "pass", rows)
        out = f.get("out/00001.png")
        expect("nothing of it is left", not survivors(out, [mark, b"CNRY"]))
        kinds = {r["kind"] for r in rows[0]["removed"]}
        expect("what was removed is said", {"exif", "icc", "text", "vendor", "time", "size", "xmp"} - kinds <= {"xmp"},
               kinds)
        f.put("in/all.png", source)
        expect("exiftool finds something in the source", metadata(f / "in/all.png", PNG_OWN) != [])
        expect("exiftool finds nothing in the output", metadata(f / "out/00001.png", PNG_OWN) == [],
               metadata(f / "out/00001.png", PNG_OWN))


def _chunks(data):
    from picture_read import chunks
    return chunks(data)


def random_png(r, rows):
    raw = make.png_data(rows, 0, 16, interlaced := r.random() < 0.3, r.sample(range(5), 3))
    before = b"".join(make.chunk(r.choice([b"tEXt", b"prVt", b"zTXt", b"caBX"]), b"k\0" + r.randbytes(r.randrange(90)))
                      for _ in range(r.randrange(5)))
    if r.random() < 0.5:
        before += make.chunk(b"pHYs", struct.pack(">LLB", r.getrandbits(31), r.getrandbits(31), 1))
    return make.png(rows, 0, 16, interlaced, before=before, stream=zlib.compress(raw, r.randrange(10)),
                    cut=r.randrange(200, 9000), after=make.chunk(b"tEXt", b"k\0" + r.randbytes(30)))


def random_tiff(r, rows):
    extra = {n: (make.ASCII, r.randbytes(r.randrange(1, 200)).replace(b"\0", b"x") + b"\0")
             for n in r.sample([269, 270, 271, 272, 305, 315, 316, 33432, 65001], r.randrange(5))}
    return make.tiff(rows, 16, order=r.choice("<>"), compression=r.choice([1, 8, 32946, 32773]), extra=extra,
                     tile=r.choice([None, (16, 16), (32, 48)]), rows_per_strip=r.randrange(1, 40))


def interference():
    r = random.Random(2026)
    rows = hide.ROWS16
    files = {"%05d/%s.png" % (r.randrange(9999), r.randbytes(4).hex()): random_png(r, rows) for _ in range(20)}
    files.update({"t/%s.tif" % r.randbytes(6).hex(): random_tiff(r, rows) for _ in range(20)})
    files.update({"mode/%d.tif" % i: make.tiff([[((1 << 16) - 1 - p[0],) for p in row] for row in rows], 16,
                                               photometric=0, order="<>"[i]) for i in range(2)})
    result, outputs = scrub_files(files)
    bad = [v[0] for v in result.values() if v[0]["verdict"] != "pass"]
    expect("every container of the one picture is rebuilt", not bad and len(result) == len(files), bad[:3])
    expect("%d containers, one output" % len(files), len(set(outputs.values())) == 1)
    expect("its samples are the picture's", canonical(next(iter(outputs.values()))) == samples_of(rows, 16))
    expect("names are numbers", sorted(outputs) == ["%05d.png" % i for i in range(1, len(files) + 1)])
    # the same set under other names, in another order, at another time: the same folder of outputs
    pictures = [make.scan(20, 10, 1, 16, seed) for seed in range(6)]
    one, _ = {}, r.shuffle(pictures)
    for i, p in enumerate(pictures):
        one["a%d.png" % i] = make.png(p, 0, 16)
    _, first = scrub_files(one)
    r.shuffle(pictures)
    _, second = scrub_files({"%s.tif" % r.randbytes(5).hex(): random_tiff(r, p) for p in pictures})
    expect("the same pictures in other containers, under other names: the same files under the same names",
           first == second and len(set(first.values())) == 6, (sorted(first), sorted(second)))
    with Folder() as f:
        for name, data in one.items():
            f.put("in/" + name, data)
        scrub(f / "out", f / "in")
        times = {os.stat(f / ("out/" + n)).st_mtime_ns for n in os.listdir(f / "out")}
        expect("all outputs have one time, of whole seconds", len(times) == 1 and times.pop() % 10**9 == 0)


check_places("png", samples_of(hide.ROWS16, 16))
check_places("jpeg", djpeg_samples(make.cjpeg(hide.RGB8)))
check_places("tiff", samples_of(hide.ROWS16, 16))
check_places("bmp", samples_of(make.scan(318, 8, 3, 8), 8))
everything_at_once()
interference()
finish()
