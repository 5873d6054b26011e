#!/usr/bin/python3
"""Makes the seeds of fuzz_cms, fuzz_zip, fuzz_tar and fuzz_manifest in the folder corpus/ beside
this file. They are committed; this stays to say where they come from."""
import gzip
import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
import zipfile

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def seed(target, name, data):
    os.makedirs(os.path.join(CORPUS, target), exist_ok=True)
    with open(os.path.join(CORPUS, target, name), "wb") as f:
        f.write(data)


def cms(folder):
    def run(*args):
        subprocess.run(("openssl",) + args, cwd=folder, check=True, stderr=subprocess.DEVNULL)
    for name, kind in (("ec", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
                       ("rsa", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"])):
        run("genpkey", *kind, "-out", name + ".key")
        run("req", "-x509", "-new", "-key", name + ".key", "-subj", "/CN=seed", "-days", "9999",
            "-out", name + ".pem")
    with open(os.path.join(folder, "c"), "wb") as f:
        f.write(b"content")
    for name, args in (("ecdsa", ["-signer", "ec.pem", "-inkey", "ec.key"]),
                       ("keyid", ["-signer", "ec.pem", "-inkey", "ec.key", "-keyid", "-nocerts"]),
                       ("pss", ["-signer", "rsa.pem", "-inkey", "rsa.key", "-keyopt",
                                "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32", "-nocerts"]),
                       ("two", ["-signer", "ec.pem", "-inkey", "ec.key", "-signer", "rsa.pem",
                                "-inkey", "rsa.key", "-nocerts"]),
                       ("noattr", ["-signer", "ec.pem", "-inkey", "ec.key", "-noattr"]),
                       ("attached", ["-signer", "ec.pem", "-inkey", "ec.key", "-nodetach"])):
        run("cms", "-sign", "-binary", "-md", "sha256", "-in", "c", "-outform", "DER", "-out", "o",
            *args)
        with open(os.path.join(folder, "o"), "rb") as f:
            seed("cms", name, f.read())
    for name in ("ec", "rsa"):
        run("pkey", "-in", name + ".key", "-pubout", "-outform", "DER", "-out", "o")
        with open(os.path.join(folder, "o"), "rb") as f:
            seed("cms", "spki-" + name, f.read())


def archives():
    for name, method in (("deflated", zipfile.ZIP_DEFLATED), ("stored", zipfile.ZIP_STORED)):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as z:
            for path, data in (("d/", b""), ("d/a", b"a" * 40), ("\u00e9", b"x")):
                info = zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0))
                info.compress_type = method
                z.writestr(info, data)
        seed("zip", name, out.getvalue())
    seed("zip", "twice", out.getvalue() * 2)
    seed("zip", "empty", out.getvalue()[-22:-14] + bytes(14))
    for name, form in (("pax", tarfile.PAX_FORMAT), ("gnu", tarfile.GNU_FORMAT)):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as t:
            for path in ("a", "\u00e9" * 60, "d/" + "x" * 120):
                info = tarfile.TarInfo(path)
                info.size = 3
                t.addfile(info, io.BytesIO(b"abc"))
        data = out.getvalue().rstrip(b"\0")
        data += bytes(-len(data) % 512 + 1024)
        seed("tar", name, data)
        seed("tar", name + ".gz", gzip.compress(data, mtime=0))


def manifests():
    lines = ["%s %s%s\n" % (hashlib.sha256(p.encode()).hexdigest(), mark, p)
             for mark, p in ((" ", "setup.exe"), ("*", "d/fw.bin"), (" ", "\u00e9t\u00e9.txt"))]
    seed("manifest", "three", "".join(lines).encode())
    seed("manifest", "twice", (lines[0] * 2).encode())
    seed("manifest", "crlf", lines[0].replace("\n", "\r\n").encode())
    seed("manifest", "escaped", ("\\" + lines[0]).encode())


with tempfile.TemporaryDirectory() as folder:
    cms(folder)
archives()
manifests()
