#!/usr/bin/python3
"""Makes name_table.def from Python's copy of the Unicode character database.

Allowed in a name: letters, numbers, punctuation, symbols and spacing-free marks of the scripts below
that stand for themselves in every normalisation form (so that a name of allowed characters is in NFC
and NFKC as it is), and nothing that joins, reorders or hides. Folding: simple upper case, then
simple lower case, as FAT, exFAT and NTFS would hold two names equal, and somewhat wider.
"""
import unicodedata

BLOCKS = [
    (0x0020, 0x007E), (0x00A1, 0x024F),          # Latin
    (0x0370, 0x052F),                            # Greek, Cyrillic
    (0x1400, 0x167F),                            # Canadian syllabics
    (0x1E00, 0x1EFF),                            # Latin extended additional
    (0x2010, 0x2027), (0x2030, 0x203A), (0x20AC, 0x20AC),
    (0x3001, 0x3011), (0x3041, 0x30FF),          # kana
    (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),          # CJK, Hangul
]


def allowed(cp):
    c = chr(cp)
    kind = unicodedata.category(c)
    return (kind[0] in "LNPS" or c == " ") and unicodedata.combining(c) == 0 and \
        all(unicodedata.normalize(f, c) == c for f in ("NFC", "NFKC")) and \
        not ("\u1160" <= c <= "\u11ff")


def fold(cp):
    up = chr(cp).upper()
    up = up if len(up) == 1 else chr(cp)
    low = up.lower()
    return ord(low if len(low) == 1 else up)


def ranges(points):
    out = []
    for cp in points:
        if out and out[-1][1] == cp - 1:
            out[-1][1] = cp
        else:
            out.append([cp, cp])
    return out


def folds(points):
    out = []                                     # first, last, step, delta
    for cp in points:
        delta = fold(cp) - cp
        if delta == 0:
            continue
        if out and out[-1][3] == delta and out[-1][0] == out[-1][1] and cp - out[-1][1] in (1, 2):
            out[-1][2] = cp - out[-1][1]
            out[-1][1] = cp
        elif out and out[-1][3] == delta and cp - out[-1][1] == out[-1][2]:
            out[-1][1] = cp
        else:
            out.append([cp, cp, 1, delta])
    return out


points = [cp for first, last in BLOCKS for cp in range(first, last + 1) if allowed(cp)]
print("/* Made by make-name-table.py from Unicode %s; do not edit. */" % unicodedata.unidata_version)
print("/* RANGE(first, last): code points a name may hold. */")
for first, last in ranges(points):
    print("RANGE(0x%04X, 0x%04X)" % (first, last))
print("/* FOLD(first, last, step, delta): added to each to compare names without case. */")
for row in folds(points):
    print("FOLD(0x%04X, 0x%04X, %d, %d)" % tuple(row))
