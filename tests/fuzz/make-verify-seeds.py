#!/usr/bin/env python3
"""Seeds of the fuzz targets of weighlock-verify: notes, receipts, keys, bundles, books.

    make-verify-seeds.py [CORPUS]      writes CORPUS/verify_note, verify_entries, verify_book
"""
import os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "../integration"))
from make_story import Story, SHA
import make_ledger as ml


def bundle(s):
    return b"".join(len(e).to_bytes(2, "big") + e for e in s.entries)


def stories():
    good = Story().begin()
    good.whole()
    good.stop()
    yield "good", good
    bad = Story().begin(inbound=2)
    t = bad.open()
    bad.inspect(t, verdict="hold", holds=("transfer.incomplete",))
    a = [bad.approve(t, w) for w in ("tech-1", "appr-1", "appr-1")]
    bad.void(t, a[0])
    n = bad.intent(t, a, "TST1-I000009", release=1)
    bad.start()
    bad.end(t, "release.unknown", n)
    bad.intent(t, a, bad.ready(device="x-9"))
    bad.add("fact.inherited", {"component": "c", "device": "d", "kind": "floor", "release": 5,
                               "next_transfer": 9, "next_insertion": 9})
    bad.add("key.rotated", {"new_sha256": SHA, "old_sha256": SHA, "proposed_by": "admin-1",
                            "which": "ledger"})
    bad.add("clock.set", {"new": "\u00e9\u2014", "old": "\"", "second_actor": "x"})
    yield "bad", bad
    after = Story(init={"previous_origin": ml.ORIGIN, "previous_seen": 99,
                        "previous_checkpoint": good.checkpoint().decode()}).begin()
    yield "successor", after


def main():
    corpus = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "corpus")
    told = dict(stories())
    s = told["good"]
    cosigned = ml.checkpoint(3, b"\0" * 32, ["cosigned"])
    for name, story in told.items():
        ml.put(corpus, "verify_entries/" + name, bundle(story))
    ml.put(corpus, "verify_entries/forms", b"".join(len(e).to_bytes(2, "big") + e for e in (
        b'{"data":{}}', b'{"a":-1,"data":{"b":[],"c":["x","y"],"d":true,"e":false}}', b"", b"{}",
        b'{"a":9007199254740991,"data":{"x":"\\u00e9\\"\\\\"},"z":0}')))
    for name, data in (("checkpoint", s.checkpoint()), ("cosigned", cosigned),
                       ("receipt", s.receipt(5)), ("vkey", s.vkey().encode()),
                       ("cosigner", ml.vkey("auditor", 4, ml.public_key(ml.COSIGNER_SEED)).encode())):
        ml.put(corpus, "verify_note/" + name, data)
    ml.put(corpus, "verify_book/book", (
        "weighlock stations book 1\n# remark\n\nexpect 2\nstation %s\nstation %s\nended %s %s\n"
        "cosigner %s required\n" % (s.vkey(), ml.vkey(ml.ORIGIN + "/2", 1, ml.public_key(b"2" * 32)),
                                    ml.ORIGIN, ml.ORIGIN + "/2",
                                    ml.vkey("auditor", 4, ml.public_key(ml.COSIGNER_SEED)))).encode())


main()
