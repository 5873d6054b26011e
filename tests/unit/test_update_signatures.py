#!/usr/bin/python3
"""Every kind of bad signature we know of, made by openssl, against the workers that read them.

A case is a signature file, how it is presented, and the rule it must be refused under. What
OpenSSL's own verifier would have accepted is noted where that is the reason for the case.
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from update_tools import (Cms, checks, der, expect, findings, finish, path, probe, read, run,  # noqa: E402
                          signers, split, write)

NOW = int(time.time())
OID_DIGEST = bytes.fromhex("06092a864886f70d010904")
# A worker that refuses to go on may be gone before it has said so.
GONE = ("fault Protocol error", "died Broken pipe")
OID_TIME = bytes.fromhex("06092a864886f70d010905")


# ---- the authorities and keys ----

def key(name, *args):
    run("openssl", "genpkey", "-out", name + ".key", *args)


def ec(name, curve="P-256", *more):
    key(name, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + curve, *more)


def rsa(name, bits):
    key(name, "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:%d" % bits)


CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
LEAF = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nsubjectKeyIdentifier=hash\n"
CODE = LEAF + "extendedKeyUsage=codeSigning\n"


def certify(name, extensions, by=None, days="400", digest="sha256"):
    write(name + ".ext", extensions.encode())
    md = [] if digest is None else ["-" + digest]
    run("openssl", "req", "-new", "-key", name + ".key", "-subj", "/CN=" + name, "-out",
        name + ".csr")
    signer = ["-signkey", name + ".key"] if by is None else \
        ["-CA", by + ".pem", "-CAkey", by + ".key", "-CAcreateserial"]
    run("openssl", "x509", "-req", "-in", name + ".csr", "-days", days, "-extfile", name + ".ext",
        "-out", name + ".pem", *md, *signer)


def make_authorities():
    ec("root", "P-384")
    certify("root", CA, days="3650")
    ec("rogue-ca", "P-384")
    certify("rogue-ca", CA, days="3650")
    for ca in ("vendor-ca", "sibling-ca", "tls-ca"):
        ec(ca)
        certify(ca, CA + ("extendedKeyUsage=serverAuth\n" if ca == "tls-ca" else ""), by="root")
    rsa("weak-ca", 2048)
    certify("weak-ca", CA, by="root")


def make_leaves():
    for name, by, ext in (
            ("good", "vendor-ca", CODE), ("good2", "vendor-ca", CODE),
            ("email", "vendor-ca", LEAF + "extendedKeyUsage=emailProtection\n"),
            ("server", "vendor-ca", LEAF + "extendedKeyUsage=serverAuth\n"),
            ("any", "vendor-ca", LEAF + "extendedKeyUsage=anyExtendedKeyUsage\n"),
            ("no-eku", "vendor-ca", LEAF),
            ("enciphers", "vendor-ca", CODE.replace("digitalSignature", "keyEncipherment")),
            ("critical", "vendor-ca", CODE + "1.2.3.4.5=critical,ASN1:NULL\n"),
            ("sibling", "sibling-ca", CODE), ("rogue", "rogue-ca", CODE),
            ("of-tls-ca", "tls-ca", CODE), ("of-weak-ca", "weak-ca", CODE)):
        ec(name)
        certify(name, ext, by=by)
    ec("p384", "P-384")
    ec("p521", "P-521")
    ec("k1", "secp256k1")
    ec("explicit", "P-256", "-pkeyopt", "ec_param_enc:explicit")
    for bits in (1024, 2048, 3072):
        rsa("rsa%d" % bits, bits)
    key("ed", "-algorithm", "ed25519")
    for name in ("p384", "p521", "k1", "explicit", "rsa1024", "rsa2048", "rsa3072", "ed"):
        certify(name, CODE, by="vendor-ca")
    for name in ("authority-1", "authority-2"):
        ec(name, "P-384")
        certify(name, "basicConstraints=CA:TRUE\n")


def spki(name):
    der_key = run("openssl", "pkey", "-in", path(name + ".key"), "-pubout", "-outform", "DER").stdout
    return run("openssl", "dgst", "-sha256", "-r", data=der_key).stdout.split()[0].decode()


def sign(out, name, *args, content="content", certificates=True, digest="sha256"):
    run("openssl", "cms", "-sign", "-binary", "-md", digest, "-in", content, "-signer",
        name + ".pem", "-inkey", name + ".key", "-outform", "DER", "-out", out,
        *([] if certificates else ["-nocerts"]), *args)
    return out


def sign_as(out, name):
    """A signature of `good` whose SignerInfo names the certificate `name`, which it carries."""
    run("openssl", "crl2pkcs7", "-nocrl", "-certfile", name + ".pem", "-outform", "DER", "-out",
        "named.p7b")
    named = split(split(split(split(read("named.p7b"))[0][1])[1][1])[0][1])
    cert = split(split(named[3][1])[0][1])
    serial, issuer = split(cert[0][1])[1], split(cert[0][1])[3]
    cms = Cms(read("good.p7s"))
    cms.signed_data = [named[3] if t == 0xa0 else (t, b) for t, b in cms.signed_data]
    cms.info[1] = (0x30, der(*issuer) + der(*serial))
    write(out, bytes(cms))
    return out


def again(out, before, name, *args):
    run("openssl", "cms", "-resign", "-in", before, "-inform", "DER", "-signer", name + ".pem",
        "-inkey", name + ".key", "-nocerts", "-outform", "DER", "-out", out, *args)
    return out


def show(file, *args, purpose="vendor", at=None, anchor="vendor-ca"):
    given = ["sig=" + path(file)] + (["anchor=" + path(anchor + ".pem")] if anchor else [])
    return probe("signature", purpose, str(NOW + 60 if at is None else at), *given, *args)


def refused(what, rule, file, *args, **how):
    lines = show(file, *args, **how)
    expect(what, (findings(lines), signers(lines), lines[-1]), ([rule], [], "done"), lines)


def good(what, file, name, *args, content="content", **how):
    """Read without objection, then checked against the content under the key's own pin."""
    lines = show(file, "content=" + path(content), "pin=" + spki(name), *args, **how)
    expect(what, (findings(lines), checks(lines)), ([], ["ok"]), lines)
    expect(what + ": key", [s["spki"] for s in signers(lines)], [spki(name)], lines)


def accepted_by_openssl(what, file, content):
    """The case is worth its place: openssl cms -verify says yes to it."""
    r = run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", file, "-content",
            content, "-CAfile", "trusted.pem", "-purpose", "any", "-out", "/dev/null",
            check=False)
    expect(what + ": openssl accepts it", r.returncode, 0, [r.stderr.decode()])


# ---- the cases ----

def good_ones():
    good("P-256", sign("good.p7s", "good"), "good")
    for digest in ("sha384", "sha512"):
        good(digest, sign("good-%s.p7s" % digest, "good", digest=digest), "good")
    good("P-384", sign("p384.p7s", "p384", digest="sha384"), "p384")
    good("RSA-3072", sign("rsa3072.p7s", "rsa3072"), "rsa3072")
    good("RSA-PSS", sign("pss.p7s", "rsa3072", "-keyopt", "rsa_padding_mode:pss", "-keyopt",
                         "rsa_pss_saltlen:32"), "rsa3072")
    good("key identifier", sign("keyid.p7s", "good", "-keyid"), "good")
    sign("bare.p7s", "good", certificates=False)
    good("certificate from the policy", "bare.p7s", "good", "cert=" + path("good.pem"))
    run("openssl", "x509", "-in", "good.pem", "-outform", "DER", "-out", "good.der")
    good("certificate from the policy in DER", "bare.p7s", "good", "cert=" + path("good.der"))
    good("pinned key needs no anchor", sign("sibling-bare.p7s", "sibling"), "sibling",
         "pin=" + spki("sibling"))
    good("anchor is the signer itself", "good.p7s", "good", anchor="good")
    lines = show("good.p7s", "content=" + path("content"), "cert=" + path("good.pem"))
    expect("check pinned by certificate", checks(lines), ["ok"], lines)
    accepted_by_openssl("P-256", "good.p7s", "content")


def files():
    refused("empty", "signature.unreadable", write("empty.p7s", b""))
    refused("1 byte", "signature.unreadable", write("one.p7s", b"0"))
    refused("not DER", "signature.unreadable", write("text.p7s", b"signed, the vendor\n" * 9))
    refused("10 MiB", "signature.too-large", write("10M.p7s", os.urandom(10 << 20)))
    refused("limit", "signature.unreadable", write("64K.p7s", b"\x30\x83" + bytes(65534)))
    refused("limit + 1", "signature.too-large", write("64K1.p7s", b"\x30\x83" + bytes(65535)))
    whole = read("good.p7s")
    refused("trailing byte", "signature.trailing-bytes", write("t1.p7s", whole + b"\0"))
    refused("trailing 1000 bytes", "signature.trailing-bytes",
            write("t1000.p7s", whole + os.urandom(1000)))
    accepted_by_openssl("trailing 1000 bytes", "t1000.p7s", "content")
    refused("cut short", "signature.unreadable", write("short.p7s", whole[:-1]))
    run("openssl", "cms", "-cmsout", "-inform", "DER", "-in", "good.p7s", "-outform", "PEM", "-out",
        "pem.p7s")
    refused("PEM", "signature.unreadable", "pem.p7s")
    body = split(whole)[0][1]
    refused("BER", "signature.unreadable", write("ber.p7s", b"\x30\x80" + body + b"\0\0"))
    refused("long length", "signature.unreadable",
            write("long.p7s", b"\x30\x83" + len(body).to_bytes(3, "big") + body))


def kinds():
    write("little", b"little")
    run("openssl", "cms", "-encrypt", "-binary", "-aes256", "-in", "little", "-outform", "DER",
        "-out", "enveloped.p7s", "rsa3072.pem")
    refused("enveloped data", "signature.not-signed-data", "enveloped.p7s")
    run("openssl", "cms", "-digest_create", "-in", "little", "-outform", "DER", "-out",
        "digested.p7s")
    refused("digested data", "signature.not-signed-data", "digested.p7s")
    refused("odd content type", "signature.not-signed-data",
            sign("odd.p7s", "good", "-econtent_type", "1.2.3.4.5"))
    accepted_by_openssl("odd content type", "odd.p7s", "content")
    refused("attached", "signature.not-detached",
            sign("attached.p7s", "good", "-nodetach", content="little"))
    run("openssl", "crl2pkcs7", "-nocrl", "-certfile", "good.pem", "-outform", "DER", "-out",
        "certs.p7s")
    refused("certificates only", "signature.missing", "certs.p7s")


def attributes():
    refused("no signed attributes", "signature.no-signed-attributes",
            sign("noattr.p7s", "good", "-noattr"))
    accepted_by_openssl("no signed attributes", "noattr.p7s", "content")
    cms = Cms(read("good.p7s"))
    attrs = cms.attributes()
    # the forgery: a genuine signature whose signed attributes have become the content
    write("forged", der(0x31, b"".join(der(t, b) for t, b in attrs)))
    cms.drop_attributes()
    refused("attributes moved into the content", "signature.no-signed-attributes",
            write("forged.p7s", bytes(cms)), "content=" + path("forged"))
    accepted_by_openssl("attributes moved into the content", "forged.p7s", "forged")
    for what, rule, made, ordered in (
            ("digest twice", "signature.attribute-duplicate",
             attrs + [a for a in attrs if a[1].startswith(OID_DIGEST)], True),
            ("time twice", "signature.attribute-duplicate",
             attrs + [(0x30, OID_TIME + der(0x31, der(0x17, b"300101000000Z")))], True),
            ("two digests in one", "signature.attribute-duplicate",
             [(t, OID_DIGEST + der(0x31, split(split(b)[1][1] and b)[1][1] * 2)
               if b.startswith(OID_DIGEST) else b) for t, b in attrs], True),
            ("no digest", "signature.no-signed-attributes",
             [a for a in attrs if not a[1].startswith(OID_DIGEST)], True),
            ("no content type", "signature.no-signed-attributes",
             [a for a in attrs if b"\x09\x03\x31" not in a[1]], True),
            ("digest of the wrong length", "signature.unreadable",
             [(t, OID_DIGEST + der(0x31, der(4, bytes(20)))
               if b.startswith(OID_DIGEST) else b) for t, b in attrs], True),
            ("empty", "signature.no-signed-attributes", [], True),
            ("not in order", "signature.unreadable", attrs[::-1], False)):
        cms = Cms(read("good.p7s"))
        cms.set_attributes(made, ordered)
        refused("attributes: " + what, rule, write("attr.p7s", bytes(cms)))
    # the SET, with its tag and length, is what may have 4096 bytes
    used = 4 + sum(len(der(t, b)) for t, b in attrs) + 4 + 5 + 4 + 4
    for n, (rule, count) in ((4096, ([], 1)), (4097, (["signature.too-large"], 0))):
        cms.set_attributes(attrs + [(0x30, bytes.fromhex("06032a0304") +
                                     der(0x31, der(4, bytes(n - used))))])
        expect("size of the SET", len(der(0x31, b"".join(
            der(t, b) for t, b in cms.attributes()))), n)
        lines = show(write("attr.p7s", bytes(cms)))
        expect("attributes of %d bytes" % n, (findings(lines), len(signers(lines))), (rule, count),
               lines)
    for n, (rule, count) in ((1024, ([], 1)), (1025, (["signature.too-large"], 0))):
        cms = Cms(read("good.p7s"))
        cms.info[-1] = (4, bytes(n))
        lines = show(write("value.p7s", bytes(cms)))
        expect("value of %d bytes" % n, (findings(lines), len(signers(lines))), (rule, count), lines)


def algorithms():
    for digest in ("sha1", "sha224", "md5"):
        refused(digest, "signature.algorithm", sign("md.p7s", "rsa3072", digest=digest))
    sign("sha1.p7s", "good", digest="sha1")
    refused("ECDSA with SHA-1", "signature.algorithm", "sha1.p7s")
    accepted_by_openssl("ECDSA with SHA-1", "sha1.p7s", "content")
    for bits in (1024, 2048):
        refused("RSA-%d" % bits, "signature.key-weak", sign("weak.p7s", "rsa%d" % bits))
    cms = Cms(read("good.p7s"))
    cms.info[-2] = (0x30, bytes.fromhex("06032b6570"))
    refused("Ed25519", "signature.algorithm", write("ed.p7s", bytes(cms)))
    refused("Ed25519 key", "signature.algorithm", sign_as("ed-key.p7s", "ed"))
    refused("key of another kind", "signature.algorithm", sign_as("kind.p7s", "rsa3072"))
    refused("P-521", "signature.algorithm", sign("p521.p7s", "p521", digest="sha512"))
    refused("secp256k1", "signature.algorithm", sign("k1.p7s", "k1"))
    refused("explicit curve", "signature.algorithm", sign("explicit.p7s", "explicit"))
    pss = ["-keyopt", "rsa_padding_mode:pss", "-keyopt"]
    refused("PSS salt 20", "signature.algorithm",
            sign("salt.p7s", "rsa3072", *pss, "rsa_pss_saltlen:20"))
    refused("PSS mask digest", "signature.algorithm",
            sign("mask.p7s", "rsa3072", *pss, "rsa_pss_saltlen:32", "-keyopt",
                 "rsa_mgf1_md:sha512"))


def numbers():
    sign("1.p7s", "good", certificates=False)
    again("2.p7s", "1.p7s", "good")
    lines = show("2.p7s", "cert=" + path("good.pem"), "content=" + path("content"))
    expect("one key twice: two claims", [s["spki"] for s in signers(lines)], [spki("good")] * 2,
           lines)
    expect("one key twice: both verify", checks(lines), ["ok", "ok"], lines)
    again("3.p7s", "2.p7s", "good2")
    again("4.p7s", "3.p7s", "p384")
    again("5.p7s", "4.p7s", "rsa3072")
    certs = ["cert=" + path(n + ".pem") for n in ("good", "good2", "p384", "rsa3072")]
    lines = show("4.p7s", *certs)
    expect("4 signers", (findings(lines), len(signers(lines))), ([], 4), lines)
    refused("5 signers", "signature.too-large", "5.p7s", *certs)
    names = ("root", "rogue-ca", "vendor-ca", "sibling-ca", "email", "server", "no-eku", "k1")
    for n in (7, 8):
        write("more.pem", b"".join(read(c + ".pem") for c in names[:n]))
        sign("%d.p7s" % (n + 1), "good", "-certfile", "more.pem")
    good("8 certificates", "8.p7s", "good")
    refused("9 certificates", "signature.too-large", "9.p7s")


def trust():
    untrusted = "signature.signer-untrusted"
    refused("rogue", untrusted, sign("rogue.p7s", "rogue", "-certfile", "rogue-ca.pem"))
    refused("sibling authority", untrusted,
            sign("sibling.p7s", "sibling", "-certfile", "sibling-ca.pem"))
    accepted_by_openssl("sibling authority", "sibling.p7s", "content")
    refused("embedded intermediate under a given root", untrusted, "sibling.p7s", anchor="root")
    refused("embedded intermediate of the vendor", untrusted,
            sign("chain.p7s", "good", "-certfile", "vendor-ca.pem"), anchor="root")
    refused("no certificate anywhere", untrusted, "bare.p7s")
    refused("issuing authority limited to TLS", "signature.purpose-wrong",
            sign("tls.p7s", "of-tls-ca"), anchor="tls-ca")
    refused("issuing authority of RSA-2048", "signature.key-weak",
            sign("weakca.p7s", "of-weak-ca"), anchor="weak-ca")
    for name in ("email", "server", "any", "no-eku", "enciphers", "critical"):
        refused("purpose " + name, "signature.purpose-wrong", sign("eku.p7s", name))
    sign("email.p7s", "email")
    accepted_by_openssl("purpose email", "email.p7s", "content")
    refused("purpose also of a pinned key", "signature.purpose-wrong", "email.p7s",
            "pin=" + spki("email"))
    refused("expired", "signature.certificate-expired", "good.p7s", at=NOW + 401 * 86400)
    refused("not yet valid", "signature.certificate-expired", "good.p7s", at=NOW - 86400)
    refused("expired, pinned", "signature.certificate-expired", "good.p7s", "pin=" + spki("good"),
            at=NOW + 401 * 86400)
    sign("mixed0.p7s", "good", "-certfile", "rogue.pem")
    again("mixed.p7s", "mixed0.p7s", "rogue")
    lines = show("mixed.p7s")
    expect("good and rogue", (findings(lines), [s["spki"] for s in signers(lines)]),
           ([untrusted], [spki("good")]), lines)
    pad = (64 << 10) - len(read("good.pem"))
    lines = show("good.p7s", "cert=" + write("padded.pem", b"#" * (pad - 1) + b"\n" + read("good.pem")))
    expect("policy's file of 64 KiB", findings(lines), [], lines)
    for junk in (b"junk", b"", read("good.pem") * 2, read("good.der") + b"0",
                 b"#" * pad + b"\n" + read("good.pem")):
        lines = show("good.p7s", "cert=" + write("junk.pem", junk))
        expect("policy's file is no certificate", findings(lines), ["policy.reference"], lines)


def authorities():
    one, two = ("cert=" + path("authority-%d.pem" % n) for n in (1, 2))
    sign("ticket.p7s", "authority-1", digest="sha384")
    good("authority", "ticket.p7s", "authority-1", one, two, purpose="authority", anchor=None)
    good("policy", "ticket.p7s", "authority-1", one, purpose="policy", anchor=None)
    for purpose in ("authority", "policy"):
        refused(purpose + " not among those named", "signature.signer-untrusted", "ticket.p7s", two,
                purpose=purpose, anchor=None)
        refused(purpose + ": an anchor does not make one", "signature.signer-untrusted",
                "ticket.p7s", purpose=purpose, anchor="authority-1")
        refused(purpose + ": vendor's signer", "signature.signer-untrusted", "good.p7s", one,
                purpose=purpose, anchor="vendor-ca")
    lines = show("ticket.p7s", one, "manifest=" + path("content"), purpose="authority")
    expect("a manifest beside the authority's bytes", lines[0] in GONE, True, lines)
    lines = show("ticket.p7s", one, purpose="anybody")
    expect("unknown purpose", lines[0] in GONE, True, lines)


def contents():
    mismatch = "signature.mismatch"
    write("other", read("content")[:-1] + b"?")
    for file, name in (("good.p7s", "good"), ("good-sha384.p7s", "good"), ("pss.p7s", "rsa3072"),
                       ("rsa3072.p7s", "rsa3072")):
        lines = show(file, "content=" + path("other"), "pin=" + spki(name))
        expect("other content " + file, checks(lines), [mismatch], lines)
    lines = show("good.p7s", "content=" + path("content"), "pin=" + "00" * 32)
    expect("key not named", checks(lines), ["signature.signer-untrusted"], lines)
    lines = show("good.p7s", "content=" + path("content"), "cert=" + path("p384.pem"))
    expect("another certificate named", checks(lines), ["signature.signer-untrusted"], lines)
    write("lines", b"one\ntwo\n")
    run("openssl", "cms", "-sign", "-in", "lines", "-signer", "good.pem", "-inkey", "good.key",
        "-outform", "DER", "-out", "canonical.p7s")
    lines = show("canonical.p7s", "content=" + path("lines"), "pin=" + spki("good"))
    expect("signed without -binary", checks(lines), [mismatch], lines)
    whole = bytearray(read("good.p7s"))
    whole[-1] ^= 1
    write("flipped.p7s", bytes(whole))
    lines = show("flipped.p7s", "content=" + path("content"), "pin=" + spki("good"))
    expect("signature value changed", checks(lines), [mismatch], lines)


def large():
    """More than 4 GiB: the signature must cover all of it (sparse, so it costs no disk)."""
    size = (4 << 30) + 5
    for name, last in (("large", b"A"), ("large2", b"B")):
        with open(path(name), "wb") as f:
            f.truncate(size - 1)
            f.seek(size - 1)
            f.write(last)
    sign("large.p7s", "good", content="large")
    good("4 GiB and 5 bytes", "large.p7s", "good", content="large")
    lines = show("large.p7s", "content=" + path("large2"), "pin=" + spki("good"))
    expect("4 GiB: last byte changed", checks(lines), ["signature.mismatch"], lines)


HEX = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4


def manifests():
    write("f1", b"one")
    run("mkdir", "-p", path("d"))
    write("d/f2", b"two")
    text = run("sha256sum", "f1", "d/f2").stdout
    write("MANIFEST.sha256", text)
    sign("manifest.p7s", "good", content="MANIFEST.sha256")
    lines = show("manifest.p7s", "manifest=" + path("MANIFEST.sha256"),
                 "content=" + path("MANIFEST.sha256"), "pin=" + spki("good"))
    expect("manifest", [x for x in lines if x.startswith("entry")], ["entry f1", "entry d/f2"], lines)
    expect("manifest checked", checks(lines), ["ok"], lines)
    for what, data in (
            ("empty", ""), ("blank line", "\n"), ("CR LF", HEX + "  a\r\n"),
            ("upper case", HEX.upper() + "  a\n"), ("one space", HEX + " a\n"),
            ("no end", HEX + "  a"), ("escaped", "\\" + HEX + "  a\\nb\n"),
            ("byte-order mark", "\ufeff" + HEX + "  a\n"), ("short", HEX[1:] + "  aa\n"),
            ("twice", (HEX + "  a\n") * 2), ("case twice", HEX + "  a\n" + HEX + "  A\n"),
            ("./", HEX + "  ./a\n"), ("absolute", HEX + "  /a\n"), ("parent", HEX + "  ../a\n"),
            ("no path", HEX + "  \n"), ("20001 lines", "".join(
                HEX + "  f%d\n" % i for i in range(20001)))):
        write("bad", data.encode())
        lines = show("manifest.p7s", "manifest=" + path("bad"))
        expect("manifest: " + what, findings(lines), ["update.manifest-bad"], lines)
    write("most", "".join(HEX + "  f%d\n" % i for i in range(20000)).encode())
    lines = show("manifest.p7s", "manifest=" + path("most"))
    expect("manifest: 20000 lines", (findings(lines), len(lines)), ([], 20002))
    for n, rule in ((8 << 20, "line"), ((8 << 20) + 1, "more")):
        write("size", b"x" * n)
        lines = show("manifest.p7s", "manifest=" + path("size"))
        expect("manifest of %d bytes" % n, lines[1].split()[3], rule, lines)


def expected_lines():
    for what, rule, expected, manifest in (
            ("same", "ok", [(HEX, "a"), (OTHER, "b")], HEX + "  a\n" + OTHER + "  b\n"),
            ("permuted", "ok", [(HEX, "a"), (OTHER, "b")], OTHER + "  b\n" + HEX + "  a\n"),
            ("binary marks", "ok", [(HEX, "a"), (OTHER, "b")], OTHER + " *b\n" + HEX + " *a\n"),
            ("extra file", "update.file-extra", [(HEX, "a"), (OTHER, "b")], HEX + "  a\n"),
            ("missing file", "update.file-missing", [(HEX, "a")], HEX + "  a\n" + OTHER + "  b\n"),
            ("changed file", "update.file-changed", [(OTHER, "a")], HEX + "  a\n"),
            ("swapped", "update.file-changed", [(HEX, "a"), (OTHER, "b")],
             OTHER + "  a\n" + HEX + "  b\n"),
            ("case", "update.file-extra", [(HEX, "A")], HEX + "  a\n"),
            ("twice", "update.manifest-bad", [(HEX, "a")], (HEX + "  a\n") * 2),
            ("other digest beside", "update.manifest-bad", [(HEX, "a")],
             HEX + "  a\n" + OTHER + "  a\n"),
            ("CR LF", "update.manifest-bad", [(HEX, "a")], HEX + "  a\r\n"),
            ("no end", "update.manifest-bad", [(HEX, "a")], HEX + "  a"),
            ("empty", "update.manifest-bad", [(HEX, "a")], "")):
        lines = probe("lines",
                      write("expected", "".join("%s  %s\n" % e for e in expected).encode()),
                      write("listed", manifest.encode()))
        expect("lines: " + what, checks(lines), [rule], lines)


write("content", os.urandom(100000))
make_authorities()
make_leaves()
write("trusted.pem", read("root.pem") + read("vendor-ca.pem"))
for part in (good_ones, files, kinds, attributes, algorithms, numbers, trust, authorities, contents,
             manifests, expected_lines, large):
    part()
finish()
