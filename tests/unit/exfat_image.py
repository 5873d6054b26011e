"""exFAT volumes made by hand from the specification, for tests: files in pieces or in one run,
bytes that are not valid, deleted records, folders in folders. fsck.exfat is the judge of what this
makes (test_volume_exfat.py); nothing here shares code with the reader.
"""
import struct

# the first letters, as every table has them, then the rest unchanged; in the compressed form
UPCASE = struct.pack("<HH", 0xFFFF, 97) + b"".join(
    struct.pack("<H", c) for c in range(65, 91)) + struct.pack("<HH", 0xFFFF, 65536 - 123)


def upper(text):
    return "".join(c.upper() if "a" <= c <= "z" else c for c in text)


def rotate_sum(data, bits, skip=()):
    total, top = 0, bits - 1
    for i, b in enumerate(data):
        if i not in skip:
            total = ((total << top | total >> 1) + b) & ((1 << bits) - 1)
    return total


def file_set(name, attributes, cluster, size, valid, one_run, benign=0):
    units = name.encode("utf-16-le")
    stream = struct.pack("<BBxBHxxQxxxxIQ", 0xC0, 3 if one_run else 1, len(units) // 2,
                         rotate_sum(upper(name).encode("utf-16-le"), 16), valid, cluster, size)
    if size == 0:
        stream = stream[:1] + b"\1" + stream[2:]
    names = [units[i:i + 30] for i in range(0, len(units), 30)]
    rest = stream + b"".join(b"\xC1\0" + n.ljust(30, b"\0") for n in names)
    rest += (b"\xE0" + bytes(31)) * benign
    stamp = (2026 - 1980) << 25 | 11 << 21 | 18 << 16
    first = bytearray(struct.pack("<BBHHxxIIIBBBBB", 0x85, len(rest) // 32, 0, attributes, stamp,
                                  stamp, stamp, 0, 0, 0x80, 0x80, 0x80).ljust(32, b"\0"))
    struct.pack_into("<H", first, 2, rotate_sum(bytes(first) + rest, 16, (2, 3)))
    return bytes(first) + rest


class Volume:
    def __init__(self, size, start=0, sector=512, cluster=4096, rng=None):
        self.size, self.start, self.sector, self.cluster, self.rng = size, start, sector, cluster, rng
        self.fat_at = 64 * sector if sector == 512 else 24 * sector
        per = cluster // sector
        total = (size - start) // sector
        fat_sectors = ((total // per + 2) * 4 + sector - 1) // sector
        self.heap = (self.fat_at // sector + fat_sectors + per - 1) // per * per
        self.clusters = (total - self.heap) // per
        self.total, self.fat_sectors = total, fat_sectors
        self.fat = {0: 0xFFFFFFF8, 1: 0xFFFFFFFF}
        self.used, self.content, self.next = set(), {}, 2
        self.map_run = self.chain(self.take((self.clusters + 7) // 8, False))
        self.upcase_run = self.chain(self.take(len(UPCASE), False))
        self.tree = {"": []}
        self.records = {"": [struct.pack("<BB22s8x", 0x83, 5, "STICK".encode("utf-16-le"))]}

    def take(self, size, pieces):
        """Clusters for `size` bytes, in one run or scattered."""
        n = (size + self.cluster - 1) // self.cluster
        run = []
        while len(run) < n:
            if pieces and self.rng.random() < 0.3:
                self.next += self.rng.randrange(1, 5)
            run.append(self.next)
            self.next += 1
        assert self.next - 2 <= self.clusters, "full"
        self.used.update(run)
        return run

    def chain(self, run):
        for a, b in zip(run, run[1:] + [0xFFFFFFFF]):
            self.fat[a] = b
        return run

    def put(self, run, data):
        for i, c in enumerate(run):
            self.content[c] = data[i * self.cluster:(i + 1) * self.cluster]

    def folder(self, path):
        self.tree[path] = []
        self.records[path] = []

    def file(self, path, data, valid=None, pieces=False, chained=False, benign=0, raw=None):
        """`raw`: what lies on the medium, where it is not `data` (behind `valid`)."""
        folder, _, name = path.rpartition("/")
        run = self.take(len(data), pieces)
        one_run = bool(run) and not chained and run == list(range(run[0], run[0] + len(run)))
        if not one_run:
            self.chain(run)
        self.put(run, raw if raw is not None else data)
        self.records[folder].append(file_set(
            name, 0x20, run[0] if run else 0, len(data), len(data) if valid is None else valid,
            one_run, benign))

    def deleted(self, path):
        folder, _, name = path.rpartition("/")
        gone = bytearray(file_set(name, 0x20, 0, 0, 0, False))
        for i in range(0, len(gone), 32):
            gone[i] &= 0x7F
        self.records[folder].append(bytes(gone))

    def finish(self):
        """The folders, deepest first, as each needs its child's place; then all the bytes."""
        for path in sorted((p for p in self.tree if p), key=lambda p: -p.count("/")):
            data = b"".join(self.records[path])
            n = max(1, (len(data) + self.cluster - 1) // self.cluster)
            run = self.take(n * self.cluster, bool(self.rng) and n > 1)
            one_run = run == list(range(run[0], run[0] + n))
            if not one_run:
                self.chain(run)
            self.put(run, data)
            parent, _, name = path.rpartition("/")
            self.records[parent].append(file_set(name, 0x10, run[0], n * self.cluster,
                                                 n * self.cluster, one_run))
        root = b"".join(self.records[""]) + struct.pack(
            "<BB18xIQ", 0x81, 0, self.map_run[0], (self.clusters + 7) // 8) + struct.pack(
            "<BxxxI12xIQ", 0x82, rotate_sum(UPCASE, 32), self.upcase_run[0], len(UPCASE))
        self.root_run = self.chain(self.take(len(root), bool(self.rng)))
        self.put(self.root_run, root)
        self.put(self.upcase_run, UPCASE)
        bits = bytearray((self.clusters + 7) // 8)
        for c in self.used:
            bits[(c - 2) // 8] |= 1 << (c - 2) % 8
        self.put(self.map_run, bytes(bits))

    def boot(self):
        shift = self.sector.bit_length() - 1
        b = bytearray(self.sector * 12)
        b[0:11] = b"\xEB\x76\x90EXFAT   "
        struct.pack_into("<QQIIIIIIHHBBBB", b, 64, self.start // self.sector, self.total,
                         self.fat_at // self.sector, self.fat_sectors, self.heap, self.clusters,
                         self.root_run[0], 0x12345678, 0x0100, 0, shift,
                         (self.cluster // self.sector).bit_length() - 1, 1, 0x80)
        b[112] = 0xFF
        b[510:512] = b"\x55\xAA"
        for i in range(1, 9):
            b[(i + 1) * self.sector - 4:(i + 1) * self.sector] = b"\0\0\x55\xAA"
        return self.seal(b)

    def seal(self, b):
        total = rotate_sum(b[:11 * self.sector], 32, (106, 107, 112))
        b[11 * self.sector:] = struct.pack("<I", total) * (self.sector // 4)
        return bytes(b)

    def place(self, cluster):
        return self.start + self.heap * self.sector + (cluster - 2) * self.cluster

    def write(self, path):
        with open(path, "wb") as f:
            f.truncate(self.size)
            for copy in range(2):
                f.seek(self.start + copy * 12 * self.sector)
                f.write(self.boot())
            for c, v in self.fat.items():
                f.seek(self.start + self.fat_at + 4 * c)
                f.write(struct.pack("<I", v))
            for c, data in self.content.items():
                f.seek(self.place(c))
                f.write(data)
