#!/usr/bin/env python3
"""scrub over public collections, whole (WEIGHLOCK_CORPORA names their folder; skipped where it is unset:
the generated pictures of scrub_samples.py and scrub_hidden.py prove the same without them).

Every file is rebuilt with the samples another decoder finds and nothing for exiftool to find, or
refused by a named rule of pictures; no worker ever dies.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from picture_read import PNG_OWN, canonical, read_pam, samples_sha256  # noqa: E402
from scrub_tools import Folder, expect, finish, need, scrub  # noqa: E402

CORPORA = os.environ.get("WEIGHLOCK_CORPORA")
if not CORPORA:
    print("skipped: WEIGHLOCK_CORPORA is not set")
    sys.exit(77)
need("djpeg", "pngtopam", "tifftopnm", "bmptopnm", "exiftool")


def without_alpha(samples):
    """netpbm takes no colour of an RGB picture for transparent, though its tRNS says so."""
    width, height, bits, channels, data = samples
    pixel = channels * bits // 8
    return [data[i:i + pixel - bits // 8] for i in range(0, len(data), pixel)]


def has_colour_key(path):
    with open(path, "rb") as f:
        head = f.read(4096)
    return head[25:26] == b"\2" and b"tRNS" in head


def another(row, path):
    """What a decoder nobody here wrote finds, None where it will not say."""
    alpha = "-alphapam" if row["channels"] in (2, 4) else "-quiet"
    words = {"png": ["pngtopam", alpha], "jpeg": ["djpeg", "-pnm"], "bmp": ["bmptopnm", "-quiet"],
             "tiff": ["tifftopnm", "-byrow" if row["bits"] == 16 else "-quiet"]}[row["format"]]
    r = subprocess.run(words, stdin=open(path, "rb"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return read_pam(r.stdout) if r.returncode == 0 and r.stdout else None


with Folder() as f:
    status, rows = scrub(f / "out", CORPORA)
    wanted = sum(len(names) for _, _, names in os.walk(CORPORA))
    expect("every file of the collections has its answer (%d)" % wanted,
           wanted > 100 and len({r["source"] for r in rows}) == wanted and status in (0, 1), (status, len(rows)))
    compared = passed = 0
    for row in rows:
        name = os.path.relpath(row["source"], CORPORA)
        if row["verdict"] != "pass":
            if not row["rule"].startswith("image.") or not row["reason"]:
                expect(name, False, row)
            continue
        passed += 1
        got = canonical(f.get("out/" + row["output"]))
        if samples_sha256(*got) != row["samples_sha256"]:
            expect(name, False, "samples_sha256")
        found = another(row, row["source"]) if row["pages"] == 1 else None
        if found and found[3] == got[3]:
            compared += 1
            if row["format"] == "png" and has_colour_key(row["source"]):
                found, got = without_alpha(found), without_alpha(got)
            if found != got:
                expect("%s: the samples another decoder finds" % name, False, row)
    refused = {}
    for row in rows:
        if row["verdict"] != "pass":
            refused[row["rule"]] = refused.get(row["rule"], 0) + 1
    print("      refused: %s" % ", ".join("%s %d" % i for i in sorted(refused.items())))
    expect("%d rebuilt, %d compared with another decoder" % (passed, compared), passed > 100 and compared > passed * 0.9)
    said = json.loads(subprocess.run(["exiftool", "-a", "-u", "-G1", "-json", f / "out"], stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL, check=True).stdout)
    left = {k for one in said for k in one if k != "SourceFile" and k.split(":")[0] not in ("ExifTool", "System", "File",
                                                                                          "Composite")} - PNG_OWN
    expect("exiftool finds nothing in %d outputs" % len(said), not left and len(said) == passed, left)
finish()
