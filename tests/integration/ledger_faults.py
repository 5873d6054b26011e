#!/usr/bin/python3
"""weighlock-ledgerd, killed at every system call of its start and of its appends, and each of them failing.

usage: ledger_faults.py BUILD [--all] FOLDER...     each FOLDER lies on a disk of its own; one worker for each

strace says once what a short script makes the daemon do; then the same is run again and again with one fault
each: from nothing (a station is made), and from a station killed before its files were written (the start has
to carry out its journal). Afterwards ledger and mirror are held against all that was ever acknowledged or
signed. Without --all: every call that writes, and of the others every so-many-th. No clock decides anything.
"""
import filecmp
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

ALL = "--all" in sys.argv
BUILD, *FOLDERS = [os.path.abspath(a) for a in sys.argv[1:] if a != "--all"]
DAEMON, CLIENT, VERIFY = (os.path.join(BUILD, p) for p in (
    "weighlock-ledgerd", "tests/integration/ledger_client", "weighlock-verify"))
HEX = "4b2c8f0e9a7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3"
PATIENCE = 120  # seconds: only a daemon that hangs needs them
WRITES = set("write pwrite64 fsync fdatasync rename renameat mkdir mkdirat unlink unlinkat ftruncate fallocate"
             " fchmod fchown".split())
FAULTS = {
    "EIO": WRITES | set("read pread64 openat newfstatat fstatfs flock fcntl close faccessat2 getdents64".split()),
    "ENOSPC": set("write pwrite64 fsync fdatasync renameat mkdirat ftruncate fallocate openat".split()),
    "EINTR": set("write pwrite64 read pread64 openat fsync fdatasync ftruncate fallocate flock fcntl close".split()),
}
STRIDE = 12
CHECKPOINT = re.compile(rb"stations\.example/stn3\n([0-9]+)\n([A-Za-z0-9+/]{43}=)\n\n")


class Bad(Exception):
    """What must not be; the text says what."""


class Place:
    """One disk: a ledger, its mirror, its sockets, and the daemon that runs there."""

    def __init__(self, folder):
        self.folder = folder
        self.state, self.mirror = folder + "/s", folder + "/m"
        self.ledger, self.run = self.state + "/var/lib/weighlock-ledger", self.state + "/run/weighlock"
        self.socket = self.run + "/ledger/socket"
        self.process, self.pid, self.ready = None, 0, False

    def begin(self, pristine):
        """Puts the disks back as they were, or to nothing."""
        for part, empty in ((self.ledger, "keys"), (self.mirror, ".state")):
            shutil.rmtree(part, ignore_errors=True)
            if pristine:
                shutil.copytree(pristine + "/" + os.path.basename(part), part)
            else:
                os.makedirs(part + "/" + empty, 0o700)
        with open(self.mirror + "/weighlock-mirror", "wb"):
            pass
        self.boot()

    def keep(self, pristine):
        for part in (self.ledger, self.mirror):
            shutil.copytree(part, pristine + "/" + os.path.basename(part), ignore=lambda _, n: {"reserve"} & set(n))

    def boot(self):
        shutil.rmtree(self.run, ignore_errors=True)
        for part in ("ledger", "grant"):
            os.makedirs(self.run + "/" + part)

    def start(self, *strace):
        """Until it is ready, or has ended."""
        notify, name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), self.folder + "/notify"
        with notify, open(self.folder + "/log", "wb") as log:
            if os.path.exists(name):
                os.unlink(name)
            notify.bind(name)
            wrap = ("strace", "-f", "-o", self.folder + "/trace") + strace if strace else ()
            self.process = subprocess.Popen(
                wrap + (DAEMON, "--state", self.state, "--broker", "root", "--mirror", self.mirror),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(os.environ, NOTIFY_SOCKET=name))
            end = os.pidfd_open(self.process.pid)
            said, self.ready = b"", False
            while b"READY=1" not in said:
                able = select.select([notify, end], [], [], PATIENCE)[0]
                if not able:
                    raise Bad("neither ready nor ended")
                if notify not in able:
                    break
                said = notify.recv(4096)
            os.close(end)
            self.ready = b"READY=1" in said
        self.pid = self.process.pid
        if strace and self.ready:  # the daemon is strace's only child
            with open("/proc/%d/task/%d/children" % (self.pid, self.pid), encoding="ascii") as f:
                self.pid = int(f.read() or "0")

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        """Asks it to end and waits: its status, below 0 for a signal."""
        if self.ready and self.pid and self.alive():
            try:
                os.kill(self.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        return self.process.wait(PATIENCE)

    def log(self):
        with open(self.folder + "/log", encoding="utf-8", errors="replace") as f:
            return f.read()

    def size(self):
        """What the files have."""
        try:
            with open(self.ledger + "/checkpoint", encoding="utf-8") as f:
                return int(f.read().split("\n")[1])
        except (OSError, IndexError):
            return 0

    def settle(self, before):
        """Until the files have more than that, or the daemon ended."""
        until = time.monotonic() + PATIENCE
        while self.alive() and self.size() <= before:
            if time.monotonic() > until:
                raise Bad("the files are never brought up to date")
            time.sleep(0.001)


class Client:
    """ledger_client, a line at a time: the daemon sees one connection, whatever is said."""

    def __init__(self, place):
        self.process = subprocess.Popen((CLIENT, place.socket, "script"), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def say(self, last, *words):
        """Fields of the answer, up to the one that comes last; None where there was none."""
        fields = {}
        try:
            self.process.stdin.write("\t".join(words).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        while last not in fields:
            line = self.process.stdout.readline().decode()
            name, _, value = line.rstrip("\n").partition(" ")
            if not line or name == "lost":
                return None
            if name == "error":
                return {"error": value}
            fields[name] = value
        return fields

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        self.process.wait(PATIENCE)


def append(client, name):
    """Number of the entry, acknowledged; None where it was not."""
    said = client.say("SEQ", "append", "call.denied", "uid:7", "7", "nonce=" + name.encode().hex().ljust(32, "0"),
                      "method=" + name, "rule=person.unknown")
    return int(said["SEQ"]) if said and "SEQ" in said else None


class Witness:
    """Everything that was acknowledged or signed on the way to one end."""

    def __init__(self, acked=(), roots=()):
        self.acked, self.roots, self.notes = dict(acked), dict(roots), {}

    def note(self, raw, whole=b""):
        for size, root in CHECKPOINT.findall(raw):
            if self.roots.setdefault(int(size), root) != root:
                raise Bad("two roots were signed for %s entries" % size.decode())
            if whole:
                self.notes[int(size)] = whole

    def look(self, place):
        """Checkpoints as they lie on both disks, in the journals too (512-byte blocks, 8 bytes of tag each)."""
        for part in (place.ledger, place.mirror):
            for name in ("checkpoint", ".state/journal"):
                try:
                    with open(part + "/" + name, "rb") as f:
                        raw = f.read()
                except FileNotFoundError:
                    continue
                if name != "checkpoint":
                    raw = b"".join(raw[i + 8:i + 512] for i in range(0, len(raw), 512) if raw[i:i + 8] != bytes(8))
                self.note(raw, raw if name == "checkpoint" else b"")


class Appends:
    """Start from a station that was killed before its files were written, and two appends."""

    name = "start and append"

    def __init__(self, place, pristine):
        self.pristine = pristine
        place.begin(None)
        place.start()
        c = Client(place)
        said = c.say("VKEY", "init", "STN3", "stations.example/stn3", "1000", HEX)
        self.vkey = said["VKEY"]
        if c.say("SEQ", "confirm", "1001", said["FINGERPRINT"]) is None:
            raise Bad("no station: " + place.log())
        for i in range(252):  # the next ones fill a tile
            c.process.stdin.write(b"append\tcall.denied\tuid:7\t7\tmore\tmethod=m%d\trule=person.unknown\n" % i)
        if append(c, "before") != 253:
            raise Bad("the station has not 253 entries")
        place.settle(253)
        c.close()
        place.stop()
        place.start()  # what is copied beside the tiles is on the mirror from now on
        place.stop()
        place.start("-e", "trace=renameat", "-e", "inject=renameat:signal=KILL:when=1")
        c = Client(place)
        self.acked = {"before": 253, "unsettled": append(c, "unsettled")}
        c.close()
        if place.process.wait(PATIENCE) != -signal.SIGKILL or place.size() != 254:
            raise Bad("the station was not killed before it wrote its files")
        place.keep(pristine)
        with open(place.ledger + "/checkpoint", "rb") as f:
            self.since = f.read()

    def witness(self):
        w = Witness(self.acked)
        w.note(self.since, self.since)
        return w

    def script(self, place, w):
        c = Client(place)
        for name in ("first", "second"):
            size = place.size()
            seq = append(c, name)
            if seq is None:
                c.close()
                c = Client(place)
                continue
            w.acked[name] = seq
            place.settle(size)
        c.close()

    def again(self, place, client, w):
        del place, client, w

    def key(self, w):
        del w
        return self.vkey


class Beginning(Appends):
    """A station is made: keys, identity, the first entry and one append."""

    name = "a station's beginning"

    def __init__(self, place, pristine):  # pylint: disable=super-init-not-called
        del place, pristine
        self.pristine = None

    def witness(self):
        w = Witness()
        w.init = w.confirmed = None
        return w

    def make(self, client, w):
        if w.init is None:
            w.init = client.say("VKEY", "init", "STN3", "stations.example/stn3", "1000", HEX)
            if w.init and "error" in w.init:
                w.init = None
        if w.init and not w.confirmed:
            w.confirmed = client.say("SEQ", "confirm", "1001", w.init["FINGERPRINT"])
            if w.confirmed and "error" in w.confirmed:
                w.confirmed = None

    def script(self, place, w):
        c = Client(place)
        self.make(c, w)
        if w.confirmed:
            w.note(b"")
            seq = append(c, "first")
            if seq is not None:
                w.acked["first"] = seq
                place.settle(1)
        c.close()

    def again(self, place, client, w):
        """What was confirmed stands; what was not is said again, as its people would."""
        said = client.say("SIZE", "status")
        if w.confirmed and int(said["SIZE"]) == 0:
            raise Bad("the first entry was acknowledged and is lost")
        if int(said["SIZE"]) > 0:
            w.confirmed = w.confirmed or {"SEQ": "0"}
            return
        self.make(client, w)
        if not w.confirmed:  # as after keys that were never whole: begun anew
            client.close()
            w.init = None
            client.__init__(place)
            self.make(client, w)
        if not w.confirmed:
            raise Bad("no station can be made there any more")

    def key(self, w):
        return w.init["VKEY"]


def recover(scenario, place, w):
    """The machine is started again: what was acknowledged is there, and the same when it is asked again."""
    place.start()
    if not place.ready:
        raise Bad("it does not start again: " + place.log())
    c = Client(place)
    scenario.again(place, c, w)
    for name in [*w.acked, "first", "second", "after"]:
        seq = append(c, name)
        if seq is None:
            raise Bad("%s is not taken: %s" % (name, place.log()))
        if w.acked.setdefault(name, seq) != seq:
            raise Bad("%s was acknowledged as %d and is lost (%d)" % (name, w.acked[name], seq))
    said = c.say("SIZE", "status")
    if len(set(w.acked.values())) != len(w.acked) or max(w.acked.values()) + 1 != int(said["SIZE"]):
        raise Bad("the numbers are not one after the other: %s" % w.acked)
    c.close()
    if place.stop() != 0:
        raise Bad("it does not end well: " + place.log())
    w.look(place)


def tiles_of(size):
    """Files of a tree of less than 65,536 entries."""
    for level, count in (("entries", size), ("0", size), ("1", size // 256)):
        for n in range(count // 256):
            yield "/tile/%s/%03d" % (level, n)
        if count % 256:
            yield "/tile/%s/%03d.p/%d" % (level, count // 256, count % 256)


def verify(scenario, place, w):
    """By another program than the one that wrote it: the last tree grew out of the largest one seen before."""
    words = [VERIFY, "--key", scenario.key(w)]
    before = max((n for n in w.notes if n < max(w.notes)), default=None)
    if before:
        with open(place.folder + "/since", "wb") as f:
            f.write(w.notes[before])
        words += ["--since", f.name]
    done = subprocess.run(words + [place.ledger], capture_output=True, check=False)
    if done.returncode != 0:
        raise Bad("weighlock-verify: " + done.stdout.decode() + done.stderr.decode())
    for path in tiles_of(max(w.notes)):
        if not filecmp.cmp(place.ledger + path, place.mirror + path, shallow=False):
            raise Bad("the mirror differs in " + path)
    if not filecmp.cmp(place.ledger + "/checkpoint", place.mirror + "/checkpoint", shallow=False):
        raise Bad("the mirror has another checkpoint")


def refused(place):
    """A disk that failed once is not used again before the machine was restarted."""
    if not os.path.exists(place.run + "/ledger/failed"):
        return False
    place.start()
    if place.ready:
        place.stop()
        raise Bad("it starts on a disk that failed, without a restart of the machine")
    if place.process.wait(PATIENCE) != 1 or "restart the machine" not in place.log():
        raise Bad("refused without its reason: " + place.log())
    return True


def run(scenario, place, *strace):
    """The script under one fault, and all that must hold then: how it ended, and whether it was reached."""
    w = scenario.witness()
    place.begin(scenario.pristine)
    place.start(*strace)
    if place.ready:
        scenario.script(place, w)
    status, log = place.stop(), place.log()
    with open(place.folder + "/trace", encoding="utf-8", errors="replace") as f:
        trace = f.read()
    if status not in (0, 1, -signal.SIGKILL):
        raise Bad("ended with %d: %s" % (status, log))
    if status == 1 and not re.search("ledger|hardening|weighlock-ledgerd: .", log):
        raise Bad("ended without a reason: " + log)
    w.look(place)
    acked = len(w.acked)
    unsafe = refused(place)
    place.boot()
    recover(scenario, place, w)
    verify(scenario, place, w)
    return {"status": status, "acked": acked, "refused": unsafe, "log": log, "trace": trace}


class Call:
    """The n-th call of that name since the program began."""

    def __init__(self, name, n, text, place):
        self.name, self.n, self.disk = name, n, place.state + "/var/" in text or place.mirror in text
        self.index = "/.state/index.db" in text
        self.mirror = place.mirror + "/" in text or place.mirror + ">" in text or place.mirror + '"' in text
        self.writes = self.disk and (name in WRITES or (name == "openat" and "O_CREAT" in text))
        self.writes = self.writes and " = -1 E" not in text  # nothing lay there to be removed
        self.bulk = self.index and name == "pwrite64"  # pages: SQLite writes hundreds
        text = re.sub(r"<[^<>]*>", "", text.replace(place.folder, ""))
        found = re.search(r'"([^"]*)"', text) if name not in ("write", "pwrite64", "read", "pread64") else None
        self.what = "%s number %d%s" % (name, n, " (" + found.group(1) + ")" if found else "")


def calls_of(trace, place):
    counts, calls = {}, []
    for line in trace.splitlines():
        found = re.match(r"[0-9]+ +([a-z0-9_]+)\(", line)
        if not found:
            continue
        name = found.group(1)
        counts[name] = counts.get(name, 0) + 1
        calls.append(Call(name, counts[name], line, place))
    first = next(i for i, c in enumerate(calls) if c.disk and c.name != "execve")
    return calls[first:-1]  # before it the program is loaded; the last is its end


def faults_of(call):
    """What can happen at that call."""
    yield "signal=KILL"
    for error, names in FAULTS.items():
        if call.disk and call.name in names and (error != "ENOSPC" or call.writes):
            yield "error=" + error


def cases_of(calls):
    """All of them; or one of each writing call, in turn, and of every so-many-th of the others."""
    turn = 0
    for i, call in enumerate(calls):
        faults = [f for f in faults_of(call) if ALL or f != "error=EINTR" or not call.writes]
        if ALL:
            yield from ((call, f) for f in faults)
        elif (call.writes and not call.bulk) or i % STRIDE == 0:
            turn += 1
            yield call, faults[turn % len(faults)]


def judge(call, fault, end, whole):
    """Beyond what holds for every end."""
    reached = "(INJECTED)" in end["trace"] or (fault == "signal=KILL" and end["status"] == -signal.SIGKILL)
    if not reached and call.disk:
        raise Bad("was never reached")
    if fault != "signal=KILL" and (call.index or call.mirror) and end["status"] != 0:
        raise Bad("an index or a mirror that fails stopped the ledger: " + end["log"])
    if fault != "signal=KILL" and call.index and end["acked"] != whole:
        raise Bad("an index that fails kept an entry from being acknowledged: " + end["log"])
    return reached


class Matrix:
    """All cases of one scenario, dealt out to the workers."""

    def __init__(self, scenario, calls, whole):
        self.scenario, self.whole = scenario, whole
        self.cases = list(cases_of(calls))
        self.left = iter(self.cases)
        self.lock = threading.Lock()
        self.ends, self.bad, self.missed = {}, 0, 0

    def next(self):
        with self.lock:
            return next(self.left, None)

    def one(self, place, call, fault):
        stop = () if fault == "signal=KILL" else ("--seccomp-bpf",)  # a signal is not given from there
        end = run(self.scenario, place, *stop, "-e", "trace=" + call.name, "-e",
                  "inject=%s:%s:when=%d" % (call.name, fault, call.n))
        reached = judge(call, fault, end, self.whole)
        how = {0: "lived on", 1: "ended with its reason"}.get(end["status"], "killed")
        if end["refused"]:
            how = "refused until the machine was restarted"
        with self.lock:
            self.ends[how] = self.ends.get(how, 0) + 1
            self.missed += not reached

    def work(self, place):
        for call, fault in iter(self.next, None):
            try:
                self.one(place, call, fault)
            except Exception as e:  # pylint: disable=broad-except
                with self.lock:
                    self.bad += 1
                    print("FAIL  %s: %s, %s: %s" % (self.scenario.name, call.what, fault, e), flush=True)
                if place.process and place.alive():
                    os.kill(place.pid or place.process.pid, signal.SIGKILL)
                    place.process.wait(PATIENCE)

    def run(self, places):
        threads = [threading.Thread(target=self.work, args=(p,)) for p in places]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        print("%s  %s: %d faults: %s%s" % (
            "ok  " if not self.bad else "FAIL", self.scenario.name, len(self.cases),
            ", ".join("%d %s" % (n, how) for how, n in sorted(self.ends.items())),
            "; %d not reached" % self.missed if self.missed else ""), flush=True)
        return self.bad


def main():
    places = [Place(f) for f in FOLDERS]
    bad = 0
    for number, kind in enumerate((Beginning, Appends)):
        scenario = kind(places[0], FOLDERS[0] + "/pristine%d" % number)
        end = run(scenario, places[0], "-y", "-e", "trace=all")
        calls = calls_of(end["trace"], places[0])
        if end["status"] != 0 or sum(c.writes for c in calls) < 40:
            raise Bad("nothing was traced: " + end["log"])
        bad += Matrix(scenario, calls, end["acked"]).run(places)
    return bad > 0


sys.exit(main())
