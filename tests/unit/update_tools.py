"""What the tests of the update workers share: the probe, a folder to work in, and counting."""
import os
import subprocess
import sys
import tempfile

PROBE = os.environ.get("UPDATE_PROBE", os.path.join(os.getcwd(), "tests/unit/update_probe"))
DIR = tempfile.mkdtemp(prefix="wl-update-")
os.environ["TZ"] = "UTC0"
failed = []
passed = 0


def path(name):
    return os.path.join(DIR, name)


def write(name, data):
    with open(path(name), "wb") as f:
        f.write(data)
    return path(name)


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


def run(*args, data=None, check=True):
    r = subprocess.run(args, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=DIR)
    if check and r.returncode != 0:
        sys.exit("%s failed:\n%s" % (" ".join(args), r.stderr.decode(errors="replace")))
    return r


def probe(*args):
    """The lines the probe prints, each cut at spaces into at most four words."""
    r = run(PROBE, *args, check=False)
    lines = r.stdout.decode(errors="replace").splitlines()
    if r.returncode != 0:
        lines.append("exit %d %s" % (r.returncode, r.stderr.decode(errors="replace")))
    return lines


def findings(lines):
    return [line.split(" ")[2] for line in lines if line.startswith("finding ")]


def checks(lines):
    return [line.split(" ")[2] for line in lines if line.startswith("check ")]


def signers(lines):
    return [dict(w.split("=", 1) for w in line.split(" ")[2:5]) for line in lines
            if line.startswith("signer ")]


def expect(what, got, wanted, lines=()):
    global passed
    if got == wanted:
        passed += 1
    else:
        failed.append(what)
        print("FAIL %s: %r, not %r\n  %s" % (what, got, wanted, "\n  ".join(lines)))


def finish():
    run("rm", "-rf", DIR)
    print("%d passed, %d failed" % (passed, len(failed)))
    sys.exit(1 if failed or not passed else 0)


# ---- DER, written for these tests and for nothing else ----

def der(tag, body):
    n = len(body)
    if n < 0x80:
        return bytes([tag, n]) + body
    size = (n.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + n.to_bytes(size, "big") + body


def split(data):
    """[(tag, body), ...] of the elements in data."""
    out, i = [], 0
    while i < len(data):
        tag, n = data[i], data[i + 1]
        i += 2
        if n & 0x80:
            size = n & 0x7f
            n = int.from_bytes(data[i:i + size], "big")
            i += size
        out.append((tag, data[i:i + n]))
        i += n
    return out


class Cms:
    """A detached SignedData with one SignerInfo, taken apart; bytes(self) puts it together."""

    def __init__(self, data):
        content_info = split(split(data)[0][1])
        self.type = content_info[0]
        self.signed_data = split(split(content_info[1][1])[0][1])
        self.info = split(split(self.signed_data[-1][1])[0][1])

    def attributes(self):
        return split(next(body for tag, body in self.info if tag == 0xa0))

    def set_attributes(self, attributes, ordered=True):
        coded = [der(t, b) for t, b in attributes]
        body = b"".join(sorted(coded) if ordered else coded)
        self.info = [(t, body if t == 0xa0 else b) for t, b in self.info]

    def drop_attributes(self):
        self.info = [(t, b) for t, b in self.info if t != 0xa0]

    def __bytes__(self):
        info = der(0x30, b"".join(der(t, b) for t, b in self.info))
        signed = self.signed_data[:-1] + [(0x31, info)]
        body = der(0x30, b"".join(der(t, b) for t, b in signed))
        return der(0x30, der(*self.type) + der(0xa0, body))
