#!/usr/bin/env python3
"""Writes ledgers in the C2SP tlog-tiles form, good and tampered with.

An independent producer for the tests of weighlock-verify: it shares no code with the station and
uses Python's hashlib and the openssl command only. What it can do wrong on purpose to the copy, its
signature and its tree is in main(); what a station may have done wrong is in make_story.py.

    make_ledger.py DIR SIZE [TAMPER...]     writes DIR/checkpoint, DIR/tile, DIR/manifests, DIR/vkey
"""
import base64, functools, hashlib, json, os, subprocess, sys, tempfile

SEED = hashlib.sha256(b"test ledger key").digest()
COSIGNER_SEED = hashlib.sha256(b"test cosigner key").digest()
ORIGIN = "test.example/tst1"


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def pkcs8(seed):
    return bytes.fromhex("302e020100300506032b657004220420") + seed


def openssl(args, data=None):
    return subprocess.run(["openssl"] + args, input=data, check=True, capture_output=True).stdout


@functools.lru_cache(maxsize=None)
def public_key(seed):
    return openssl(["pkey", "-inform", "DER", "-pubout", "-outform", "DER"], pkcs8(seed))[-32:]


def sign(seed, message):
    with tempfile.TemporaryDirectory() as d:
        key, msg = os.path.join(d, "k"), os.path.join(d, "m")
        open(key, "wb").write(pkcs8(seed))
        open(msg, "wb").write(message)
        return openssl(["pkeyutl", "-sign", "-rawin", "-inkey", key, "-keyform", "DER", "-in", msg])


def key_id(name, kind, pub):
    return sha(name.encode(), b"\n", bytes([kind]), pub)[:4]


def vkey(name, kind, pub):
    return "%s+%s+%s" % (name, key_id(name, kind, pub).hex(),
                         base64.b64encode(bytes([kind]) + pub).decode())


def first_data(origin=ORIGIN, seed=SEED):
    """What station.init says of the ledger that begins with it."""
    return {"document_spki_sha256": "00" * 32, "ledger_vkey": vkey(origin, 1, public_key(seed)),
            "origin": origin, "policy_authority_spki_sha256": "11" * 32, "second_actor": "uid:2"}


def entry(seq, event="call.denied", data=None, **over):
    e = {"actor": "uid:1", "boot": "00" * 16, "clock": "rtc",
         "data": data or (first_data() if seq == 0 else {"method": "Release", "rule": "person.unknown"}),
         "event": "station.init" if seq == 0 else event, "id": "%032x" % seq, "mono_ms": seq,
         "seq": seq, "station": "TST1", "time": "2026-11-23T%02d:%02d:%02dZ" %
         (seq // 3600 % 24, seq // 60 % 60, seq % 60) if seq < 86400 else "2026-11-24T00:00:00Z",
         "uid": 0, "v": 1}
    e.update(over)
    return json.dumps(e, sort_keys=True, separators=(",", ":")).encode()


def mth(hashes):
    if not hashes:
        return sha(b"")
    while len(hashes) > 1:
        nxt = [sha(b"\x01", hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
        if len(hashes) % 2:
            nxt.append(hashes[-1])
        hashes = nxt
    return hashes[0]


def tile_name(n):
    s = "%03d" % (n % 1000)
    while n >= 1000:
        n //= 1000
        s = "x%03d/%s" % (n % 1000, s)
    return s


def put(root, path, data):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    open(full, "wb").write(data)


def write_tiles(root, hashes):
    level = 0
    while hashes:
        for n in range(0, len(hashes), 256):
            part = hashes[n:n + 256]
            suffix = "" if len(part) == 256 else ".p/%d" % len(part)
            put(root, "tile/%d/%s%s" % (level, tile_name(n // 256), suffix), b"".join(part))
        hashes = [mth(hashes[n:n + 256]) for n in range(0, len(hashes) // 256 * 256, 256)]
        level += 1


def write_entries(root, entries):
    for n in range(0, len(entries), 256):
        part = entries[n:n + 256]
        suffix = "" if len(part) == 256 else ".p/%d" % len(part)
        put(root, "tile/entries/%s%s" % (tile_name(n // 256), suffix),
            b"".join(len(e).to_bytes(2, "big") + e for e in part))


def signature_line(name, kind, pub, body):
    return "\u2014 %s %s\n" % (name, base64.b64encode(key_id(name, kind, pub) + body).decode())


def checkpoint(size, root, tamper, when=1795600000, origin=ORIGIN, seed=SEED):
    text = "%s\n%d\n%s\n" % (origin, size, base64.b64encode(root).decode())
    pub = public_key(seed)
    lines = signature_line(origin, 1, pub, sign(seed, text.encode()))
    if "unsigned" in tamper:
        lines = signature_line("someone.else", 1, public_key(COSIGNER_SEED), b"\0" * 64)
    if "cosigned" in tamper or "cosigned-late" in tamper:
        body = "cosignature/v1\ntime %d\n%s" % (when, text)
        stamp = when + (1 if "cosigned-late" in tamper else 0)
        lines += signature_line("auditor", 4, public_key(COSIGNER_SEED),
                                stamp.to_bytes(8, "big") + sign(COSIGNER_SEED, body.encode()))
    if "size-edited" in tamper:
        text = text.replace("\n%d\n" % size, "\n%d\n" % (size - 1))
    return (text + "\n" + lines).encode()


def flip(root, path):
    full = os.path.join(root, path)
    b = bytearray(open(full, "rb").read())
    b[len(b) // 2] ^= 1
    open(full, "wb").write(b)


def main():
    root, size, tamper = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    entries = [entry(seq) for seq in range(size)]
    if "fork" in tamper:
        entries[1] = entry(1, data={"method": "Approve", "rule": "person.unknown"})
    if "number-wrong" in tamper:
        entries[-1] = entry(size + 5)
    if "station-other" in tamper:
        entries[-1] = entry(size - 1, station="TST2")
    if "clock-back" in tamper:
        entries[-1] = entry(size - 1, time="2020-01-01T00:00:00Z")
    if "malformed" in tamper:
        entries[-1] = entries[-1].replace(b'"v":1', b'"v": 1')
    if "unsorted" in tamper:
        entries[-1] = entries[-1].replace(b'"uid":0,"v":1', b'"v":1,"uid":0')
    hashes = [sha(b"\0", e) for e in entries]
    write_tiles(root, hashes)
    write_entries(root, entries)
    put(root, "checkpoint", checkpoint(size, mth(hashes), tamper))
    put(root, "vkey", (vkey(ORIGIN, 1, public_key(SEED)) + "\n").encode())
    put(root, "cosigner", (vkey("auditor", 4, public_key(COSIGNER_SEED)) + "\n").encode())
    for t in tamper:
        if t.startswith("flip:"):
            flip(root, t[5:])
        if t.startswith("remove:"):
            os.unlink(os.path.join(root, t[7:]))


if __name__ == "__main__":
    main()
