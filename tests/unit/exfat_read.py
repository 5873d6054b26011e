"""A plain reader of exFAT for the tests: from the specification, with nothing of ours in it. It
believes what it reads; fsck.exfat has looked at the volume before."""
import struct


def read(path, start=0):
    """{path: bytes, or None for a folder}"""
    with open(path, "rb") as f:
        def at(offset, n):
            f.seek(start + offset)
            return f.read(n)
        b = at(0, 512)
        assert b[3:11] == b"EXFAT   ", b[:16]
        fat, _, heap, clusters, root = struct.unpack_from("<IIIII", b, 80)
        sector, cluster = 1 << b[108], 1 << b[108] + b[109]

        def run(first, size, one_run):
            out = b""
            while len(out) < size or size < 0:
                out += at(heap * sector + (first - 2) * cluster, cluster)
                if one_run:
                    first += 1
                else:
                    first, = struct.unpack("<I", at(fat * sector + 4 * first, 4))
                    if first == 0xFFFFFFFF:
                        break
                assert 2 <= first <= clusters + 2, first
            return out if size < 0 else out[:size]

        def folder(data, prefix, result):
            pos = 0
            while pos < len(data) and data[pos]:
                if data[pos] != 0x85:
                    pos += 32
                    continue
                n = data[pos + 1]
                attributes, = struct.unpack_from("<H", data, pos + 4)
                s = data[pos + 32:pos + 64]
                valid, = struct.unpack_from("<Q", s, 8)
                first, size = struct.unpack_from("<IQ", s, 20)
                name = b"".join(data[pos + 32 * i + 2:pos + 32 * i + 32] for i in range(2, n + 1))
                name = prefix + name[:2 * s[3]].decode("utf-16-le")
                body = run(first, size, s[1] & 2) if size else b""
                body = body[:valid] + bytes(size - valid)
                if attributes & 0x10:
                    result[name] = None
                    folder(body, name + "/", result)
                else:
                    result[name] = body
                pos += 32 * (n + 1)
        result = {}
        folder(run(root, -1, False), "", result)
        return {k: v for k, v in result.items()}
