#!/usr/bin/env python3
"""Makes the cluster chain of the largest file of a FAT32 volume (MBR, partition at 1 MiB) loop."""
import struct, sys

BASE = 1 << 20
with open(sys.argv[1], "r+b") as f:
    f.seek(BASE)
    boot = f.read(512)
    spc, reserved, nfats = boot[13], struct.unpack_from("<H", boot, 14)[0], boot[16]
    spf, = struct.unpack_from("<I", boot, 36)
    f.seek(BASE + reserved * 512)
    fat = bytearray(f.read(spf * 512))
    entry = lambda n: struct.unpack_from("<I", fat, 4 * n)[0] & 0x0FFFFFFF
    targets = {entry(n) for n in range(2, len(fat) // 4)}
    best = None
    for start in range(2, len(fat) // 4):
        if entry(start) == 0 or start in targets:
            continue
        chain, n = [], start
        while 2 <= n < 0x0FFFFFF8 and n not in chain[-1:]:
            chain.append(n)
            n = entry(n)
        if best is None or len(chain) > len(best):
            best = chain
    struct.pack_into("<I", fat, 4 * best[-1], best[len(best) // 2])
    for copy in range(nfats):
        f.seek(BASE + (reserved + copy * spf) * 512)
        f.write(fat)
print("the chain of %d clusters from %d now loops" % (len(best), best[0]))
