#!/usr/bin/env python3
"""Seeds for the fuzz targets of decoders: make_seeds_image.py CORPUS writes CORPUS/{png,jpeg,tiff,bmp}.

Tiny pictures of every kind that is read, made by tests/integration/picture_make.py.
"""
import os
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import picture_make as make  # noqa: E402


def put(kind, name, data):
    os.makedirs(os.path.join(sys.argv[1], kind), exist_ok=True)
    with open(os.path.join(sys.argv[1], kind, name), "wb") as f:
        f.write(data)


rows, rows16, rgb, rgba = (make.scan(9, 7, c, d) for c, d in ((1, 8), (1, 16), (3, 8), (4, 16)))
put("png", "gray16", make.png(rows16, 0, 16))
put("png", "rgba16-interlaced", make.png(rgba, 6, 16, True))
put("png", "text", make.png(rgb, 2, 8, before=make.chunk(b"tEXt", b"k\0v")))
put("png", "palette-transparent", make.png(make.scan(9, 7, 1, 2), 3, 2, palette=make.chunk(b"PLTE", bytes(12)) +
                                           make.chunk(b"tRNS", bytes(3))))
put("png", "gray1", make.png(make.scan(9, 7, 1, 1), 0, 1))
for name, options in (("base", ()), ("progressive", ("-progressive",)), ("gray", ("-grayscale",)), ("restart",
                                                                                          ("-restart", "1B"))):
    put("jpeg", name, make.cjpeg(rgb, *options))
for compression in (1, 8, 32773):
    put("tiff", "strips-%d" % compression, make.tiff(rows16, 16, compression=compression, rows_per_strip=3))
put("tiff", "tiles", make.tiff(rgb, 8, ">", tile=(16, 16)))
put("tiff", "planes", make.tiff(rgb, 8, planar=True))
put("tiff", "predicted", make.tiff(rgba, 16, ">", 8, predictor=2))
put("bmp", "rgb", make.bmp(rgb, 24, top_down=True))
put("bmp", "palette", make.bmp(make.scan(9, 7, 1, 4), 4, palette=[(i, i, i) for i in range(16)]))
put("bmp", "runs", make.bmp(rows, 8, palette=[(i, i, i) for i in range(256)], compression=1,
                            data=b"\3\5\0\0\0\3\1\2\3\0\0\2\1\1\2\7\0\1"))
put("bmp", "fields", make.bmp([[p[0] for p in row] for row in rows16], 16, masks=(0xF800, 0x7E0, 0x1F), compression=3))
put("bmp", "os2", make.bmp(rgb, 24, header=12))


def canonical(rows, colour, depth):
    stream = b"\x78\x01" + zlib.compress(make.png_data(rows, colour, depth, kinds=(2,)), 1)[2:]
    return make.png(rows, colour, depth, stream=stream, cut=1 << 20)


put("check_png", "gray16", canonical(rows16, 0, 16))
put("check_png", "rgba8", canonical(make.scan(9, 7, 4, 8), 6, 8))
