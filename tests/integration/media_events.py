#!/usr/bin/python3
"""Plays broker, spawnd and ledgerd against weighlock-mediad; driven by media_events.sh (wl_drive)."""
import array
import fcntl
import grp
import os
import pwd
import select
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from peer_client import Closed, Peer, Table  # noqa: E402

STATE = os.environ["WL_STATE"]
A1, B1 = int(sys.argv[1]), int(sys.argv[2])
TABLE = Table()
BLKROSET, BLKROGET = 0x125D, 0x125E
MIB = 1 << 20
with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
    BOOT = f.read().strip().replace("-", "")


def do(command):
    print("do " + command, flush=True)
    return int(sys.stdin.readline())


def must(command):
    if do(command) != 0:
        raise RuntimeError(command)


def check(what, condition, seen=""):
    print(("ok " if condition else "FAIL ") + what + ("" if condition else ": %s" % (seen,)),
          flush=True)
    return condition


def connect(door, user):
    """A connection made with the effective uid and gid of that user, as SO_PEERCRED shows it."""
    uid = pwd.getpwnam(user).pw_uid if isinstance(user, str) else user
    gid = grp.getgrnam(user).gr_gid if isinstance(user, str) else user
    os.setegid(gid)
    os.seteuid(uid)
    try:
        return Peer("%s/run/weighlock/%s/socket" % (STATE, door), table=TABLE)
    finally:
        os.seteuid(0)
        os.setegid(0)


def read_only(number):
    fd = os.open("/dev/loop%d" % number, os.O_RDONLY)
    try:
        value = array.array("i", [0])
        fcntl.ioctl(fd, BLKROGET, value)
        return value[0] != 0
    finally:
        os.close(fd)


def held(number):
    """Whether somebody has claimed the device (O_EXCL)."""
    try:
        os.close(os.open("/dev/loop%d" % number, os.O_RDONLY | os.O_EXCL))
        return False
    except OSError:
        return True


def eventually(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def list_media(broker):
    reply, seen = broker.call("media.list")
    if reply.fields["count"] != len(seen):
        raise ValueError("count")
    return {m.fields["port"]: m.fields for m in seen}


def refused(what, reply, rule):
    check("%s: %s" % (what, rule), reply.kind == 3 and reply.fields["rule"] == rule, reply)
    return reply


def set_ports(broker, test=True, rows=None):
    rows = rows if rows is not None else [("a1", "loop:%d" % A1, "source"),
                                          ("b1", "loop:%d" % B1, "destination")]
    serial = broker.send("ports.begin", {"test": test})
    for port, match, use in rows:
        broker.send("ports.port", {"port": port, "match": match, "use": use}, serial)
    return broker.call("ports.commit", serial=serial)[0]


class Station:
    """The three peers, and what spawnd holds."""

    def __init__(self):
        self.broker = connect("media", "weighlock")
        self.spawn = connect("gate", "weighlock-worker")
        self.ledger = connect("grant", "weighlock-ledger")
        self.intents = 100

    def gate(self, name, fields, answer=True):
        """Asks for a gate and plays spawnd: (reply, what spawnd was sent, if it was)."""
        serial = self.broker.send(name, fields)
        while True:
            ready, _, _ = select.select([self.spawn.sock, self.broker.sock], [], [], 20.0)
            if self.spawn.sock in ready:
                handed = self.spawn.receive()
                if answer:
                    self.spawn.answer(handed)
                return self.wait(serial), handed
            m = self.broker.receive()
            if m.serial == serial:
                return m, None
            self.broker.events.append(m)

    def wait(self, serial):
        while True:
            m = self.broker.receive(20.0)
            if m.serial == 0:
                self.broker.events.append(m)
            elif m.serial == serial:
                return m

    def read(self, port, diskseq, purpose="read"):
        return self.gate("gate.open", {"purpose": purpose, "port": port, "diskseq": diskseq})

    def free(self):
        """A gate nobody owns any more is shut a moment after it was let go of: wait for that."""
        def is_free():
            port, medium = next(iter(list_media(self.broker).items()))
            reply, handed = self.read(port, medium["diskseq"], "check")
            if handed:
                os.close(handed.fd)
                self.shut(reply.fields["gate"])
            return handed is not None
        if not eventually(is_free):
            raise RuntimeError("the gate stays open")

    def shut(self, gate, timeout_ms=2000):
        return self.broker.call("gate.shut", {"gate": gate, "timeout_ms": timeout_ms})[0]

    def grant(self, port, diskseq, kind="release", **other):
        self.intents += 1
        fields = {"kind": kind, "intent": "STN3#%d" % self.intents, "port": port,
                  "diskseq": diskseq, "insertion": "STN3-I000001", "boot": BOOT}
        fields.update(other)
        return fields["intent"], self.ledger.call("grant", fields)[0]

    def write(self, intent):
        return self.gate("gate.write", {"intent": intent})


# ---- insertions ----

def test_ports(s):
    check("no ports, no media", list_media(s.broker) == {})
    refused("loop ports outside test mode", set_ports(s.broker, test=False), "policy.value")
    refused("a port of a whole controller",
            set_ports(s.broker, rows=[("a1", "usb:pci-0000:00:14.0-usb-0", "source")]),
            "policy.value")
    reply = set_ports(s.broker)
    check("ports are taken", reply.kind == 2 and reply.fields["count"] == 2, reply)
    event = s.broker.event()
    check("present at start: seen", event.name == "media.seen" and event.fields["port"] == "a1" and
          event.fields["bytes"] == 64 * MIB and event.fields["devnum"] == "7:%d" % A1, event)
    again = list_media(s.broker)
    check("the list says the same", again["a1"]["diskseq"] == event.fields["diskseq"], again)


def no_more_events(s, what):
    try:
        check(what, False, s.broker.event(1.0))
    except TimeoutError:
        check(what, True)


def test_hot_plug(s):
    must("wl_stick_insert target b1")
    event = s.broker.event()
    check("hot-plug: seen", event.name == "media.seen" and event.fields["port"] == "b1", event)
    for _ in range(5):
        with open("/sys/block/loop%d/uevent" % B1, "w", encoding="ascii") as f:
            f.write("change")
    must("wl_settle")
    no_more_events(s, "several change events: one medium seen")
    first = event.fields["diskseq"]
    must("wl_stick_pull b1")
    event = s.broker.event()
    check("pulled: gone", event.name == "media.gone" and event.fields["diskseq"] == first, event)
    no_more_events(s, "gone once")
    must("wl_stick_insert target b1")
    event = s.broker.event()
    check("put back: a new insertion", event.name == "media.seen" and
          event.fields["diskseq"] > first, event)
    refused("the old DISKSEQ", s.read("b1", first)[0], "medium.changed")


def drops():
    """Events the kernel could not deliver to any listener of uevents (protocol 15)."""
    with open("/proc/net/netlink", encoding="ascii") as f:
        return sum(int(line.split()[8]) for line in list(f)[1:] if line.split()[1] == "15")


def test_lost_events(s):
    """mediad stopped while thousands of events and a real change pass by."""
    before, dropped = s.broker.call("media.list")[0].fields["overruns"], drops()
    must("kill -STOP $(wl_pid weighlock-mediad)")
    must("wl_stick_pull b1")
    for _ in range(200):
        for _ in range(200):
            with open("/sys/block/loop%d/uevent" % A1, "w", encoding="ascii") as f:
                f.write("change")
        must("wl_settle")
        if drops() > dropped:
            break
    must("wl_stick_insert third b1")
    must("kill -CONT $(wl_pid weighlock-mediad)")
    gone, seen = s.broker.event(), s.broker.event()
    check("lost events are made up for", gone.name == "media.gone" and seen.name == "media.seen" and
          seen.fields["bytes"] == 48 * MIB, (str(gone), str(seen)))
    after = s.broker.call("media.list")[0].fields["overruns"]
    check("and were really lost", after > before, after)
    no_more_events(s, "nothing is told twice")


# ---- who may come in ----

def test_uids():
    for door, user in (("media", "weighlock-ledger"), ("gate", "weighlock"), ("grant", "weighlock"),
                       ("media", 0), ("grant", 0)):
        try:
            peer = connect_as_root(door, user)
            closed = peer.closed(3.0)
        except (Closed, PermissionError):
            closed = True
        check("%s is not let in at %s" % (user, door), closed)


def connect_as_root(door, user):
    """Past the folder's mode, so that only the uid is judged: root opens the way."""
    uid = pwd.getpwnam(user).pw_uid if isinstance(user, str) else user
    path = "%s/run/weighlock/%s" % (STATE, door)
    os.chmod(path, 0o2755)
    os.chmod(path + "/socket", 0o666)
    try:
        os.seteuid(uid)
        return Peer(path + "/socket", table=TABLE)
    finally:
        os.seteuid(0)
        os.chmod(path, 0o2750)
        os.chmod(path + "/socket", 0o660)


def test_malformed():
    good = Peer.pack(Peer(sock=object(), table=TABLE), TABLE.request("media.list"), 1, {})
    packets = {
        "cut header": good[:9], "other version": good[:2] + b"\2" + good[3:],
        "trailing byte": good + b"\0", "unknown type": good[:4] + b"\xee\xee" + good[6:],
        "a reply nobody asked for": Peer.pack(Peer(sock=object(), table=TABLE),
                                              TABLE.request("media.list", (2,)), 1,
                                              {"count": 1, "overruns": 0}),
        "a message for somebody else": Peer.pack(Peer(sock=object(), table=TABLE),
                                                 TABLE.request("spawn.status"), 1, {}),
        "commit without begin": Peer.pack(Peer(sock=object(), table=TABLE),
                                          TABLE.request("ports.commit"), 7, {}),
    }
    for what, packet in packets.items():
        peer = connect("media", "weighlock")
        peer.send_raw(packet)
        check("%s: closed" % what, peer.closed())
    peer = connect("media", "weighlock")
    with open("/dev/null", "rb") as f:
        peer.send_raw(good, f.fileno())
    check("a descriptor where none belongs: closed", peer.closed())


def is_served(peer):
    try:
        return peer.call("media.list", seconds=3.0)[0].kind == 2
    except (Closed, TimeoutError):
        return False


def test_number_of_connections():
    """16 of the broker (one is there already), 4 of ledgerd (one is there); one more is closed."""
    more = [connect("media", "weighlock") for _ in range(16)]
    served = [is_served(p) for p in more]
    check("16 connections of the broker", all(served[:15]), served)
    check("and not one more", not served[15], served)
    for p in more:
        p.close()
    more = [connect("grant", "weighlock-ledger") for _ in range(4)]
    closed = [p.closed(0.5) for p in more]
    check("4 connections of ledgerd and not one more", closed == [False, False, False, True], closed)
    for p in more:
        p.close()


def test_slow_peer(s):
    """A broker connection that never reads does not make the others wait."""
    lazy = connect("media", "weighlock")
    try:
        for _ in range(20000):
            lazy.send("media.list")
    except (Closed, BlockingIOError):
        pass
    reply, _ = s.broker.call("media.list", seconds=5.0)
    check("a peer that does not read keeps nobody waiting", reply.kind == 2, reply)
    lazy.close()


# ---- gates ----

def test_read_gate(s):
    a1 = list_media(s.broker)["a1"]["diskseq"]
    check("before: not write-protected", not read_only(A1))
    reply, handed = s.read("a1", a1)
    check("gate A opens", reply.kind == 2 and reply.fields["bytes"] == 64 * MIB, reply)
    check("spawnd gets it: purpose read, access 0", handed.fields["purpose"] == "read" and
          handed.fields["access"] == 0 and "intent" not in handed.fields and
          handed.fields["gate"] == reply.fields["gate"], handed)
    check("the source is write-protected", read_only(A1))
    check("and claimed", held(A1))
    check("its descriptor reads", len(os.pread(handed.fd, 4096, 0)) == 4096)
    try:
        os.pwrite(handed.fd, b"x", 0)
        check("and does not write", False)
    except OSError:
        check("and does not write", True)
    gate = reply.fields["gate"]
    b1 = list_media(s.broker)["b1"]["diskseq"]
    refused("a second gate at a time", s.broker.call(
        "gate.open", {"purpose": "read", "port": "b1", "diskseq": b1})[0], "station.busy")
    intent, granted = s.grant("b1", b1)
    check("a grant is taken", granted.kind == 2, granted)
    refused("a write gate while gate A is open", s.broker.call(
        "gate.write", {"intent": intent})[0], "station.busy")
    started = time.monotonic()
    refused("shutting while spawnd holds it", s.shut(gate, 300), "station.busy")
    check("it tried for as long as it was told", time.monotonic() - started >= 0.3)
    check("still write-protected", read_only(A1))
    serial = s.broker.send("gate.shut", {"gate": gate, "timeout_ms": 5000})
    time.sleep(0.3)
    answered = list_media_while_waiting(s)
    check("meanwhile others are answered", answered)
    os.close(handed.fd)
    check("let go: shut", s.wait(serial).kind == 2)
    late = connect("media", "weighlock")
    check("asking for the longest time there is", late.call(
        "gate.shut", {"gate": gate, "timeout_ms": 60000})[0].kind == 2)
    late.send("gate.shut", {"gate": gate, "timeout_ms": 60001})
    check("a millisecond more: closed", late.closed())
    check("write protection put back", not read_only(A1) and not held(A1))
    check("shut again: the same answer", s.shut(gate).kind == 2)
    check("a gate never opened cannot be shut", s.shut(gate + 77).kind == 3)
    return intent


def list_media_while_waiting(s):
    other = connect("media", "weighlock")
    reply, _ = other.call("media.list", seconds=2.0)
    other.close()
    return reply.kind == 2 and s is not None


def test_refusals(s):
    a1 = list_media(s.broker)["a1"]["diskseq"]
    refused("an unknown port", s.read("z9", a1)[0], "medium.port-unknown")
    refused("a wrong DISKSEQ", s.read("a1", a1 + 1000)[0], "medium.changed")
    peer = connect("media", "weighlock")
    peer.send("gate.open", {"purpose": "look", "port": "a1", "diskseq": a1})
    check("an unknown purpose: closed", peer.closed())
    fd = os.open("/dev/loop%d" % A1, os.O_RDONLY | os.O_EXCL)
    refused("a medium somebody else holds", s.read("a1", a1)[0], "station.busy")
    check("protection is as it was", not read_only(A1))
    b1 = list_media(s.broker)["b1"]["diskseq"]
    refused("another port while a1 is held", s.read("b1", b1)[0], "station.busy")
    os.close(fd)
    s.spawn.close()
    refused("no spawnd", s.broker.call(
        "gate.open", {"purpose": "read", "port": "a1", "diskseq": a1})[0], "station.part-missing")
    s.spawn = connect("gate", "weighlock-worker")
    s.free()
    reply, handed = s.read("a1", a1)
    check("spawnd is back", reply.kind == 2, reply)
    os.close(handed.fd)
    s.shut(reply.fields["gate"])


def test_write_gate(s, intent):
    """The grant refused for being early (gate A was open) is still good: nothing was done with it."""
    b1 = list_media(s.broker)["b1"]["diskseq"]
    fd = os.open("/dev/loop%d" % B1, os.O_RDONLY)
    fcntl.ioctl(fd, BLKROSET, struct.pack("i", 1))
    os.close(fd)
    reply, handed = s.write(intent)
    check("gate B opens on its grant", reply.kind == 2 and reply.fields["bytes"] == 48 * MIB, reply)
    check("spawnd gets it: intent, release, access 1", handed.fields["intent"] == intent and
          handed.fields["purpose"] == "release" and handed.fields["access"] == 1, handed)
    check("it writes", os.pwrite(handed.fd, b"weighlock" * 1000, 4096) == 9000)
    refused("the grant again, while it is open", s.broker.call(
        "gate.write", {"intent": intent})[0], "station.no-grant")
    os.close(handed.fd)
    reply = s.shut(reply.fields["gate"])
    check("gate B shuts", reply.kind == 2, reply)
    check("protection put back to on", read_only(B1))
    with open("%s/sticks/third.img" % os.environ["WL_PREFIX"], "rb") as f:
        f.seek(4096)
        check("what was written is on the medium", f.read(9) == b"weighlock")
    refused("a used grant", s.write(intent)[0], "station.no-grant")
    refused("a used grant, sent again", s.grant("b1", b1, intent=intent)[1], "station.no-grant")
    fd = os.open("/dev/loop%d" % B1, os.O_RDONLY)
    fcntl.ioctl(fd, BLKROSET, struct.pack("i", 0))
    os.close(fd)


def test_grants(s):
    media = list_media(s.broker)
    a1, b1 = media["a1"]["diskseq"], media["b1"]["diskseq"]
    refused("no grant", s.write("STN3#9999")[0], "station.no-grant")
    refused("a grant of another boot", s.grant("b1", b1, boot="0" * 32)[1], "station.no-grant")
    refused("a grant of an unknown kind", s.grant("b1", b1, kind="copy")[1], "station.no-grant")
    intent, reply = s.grant("b1", b1)
    refused("a second grant with other words", s.grant("b1", b1 + 1, intent=intent)[1],
            "station.no-grant")
    check("the same grant again is no error", s.grant("b1", b1, intent=intent)[1].kind == 2)
    intent, reply = s.grant("b1", b1 + 1)
    refused("a grant for another DISKSEQ", s.write(intent)[0], "medium.changed")
    refused("it is used up by that", s.write(intent)[0], "station.no-grant")
    intent, reply = s.grant("a1", a1)
    refused("a grant to write to a source", s.write(intent)[0], "medium.direction-wrong")
    intent, reply = s.grant("z9", b1)
    refused("a grant for an unknown port", s.write(intent)[0], "medium.port-unknown")
    for n in range(20):
        last = s.grant("b1", b1)[1]
        if last.kind == 3:
            break
    check("grants do not pile up without end", n < 8, n)
    refused("one grant too many", last, "station.busy")
    check("broker cannot grant", connect_denied_grant(b1))
    for i in range(s.intents - 30, s.intents + 1):  # use up what is waiting
        reply, handed = s.write("STN3#%d" % i)
        if handed:
            os.close(handed.fd)
            s.shut(reply.fields["gate"])


def changed_stick(s, pulled, inserted, port):
    """Another stick in the same port, as it was told: the DISKSEQ of the one before and of this one."""
    before = list_media(s.broker)[port]["diskseq"]
    must("wl_stick_pull %s" % port)
    event = s.broker.event()
    check("%s pulled: gone" % pulled, event.name == "media.gone" and
          event.fields["diskseq"] == before, event)
    must("wl_stick_insert %s %s" % (inserted, port))
    event = s.broker.event()
    check("%s there instead" % inserted, event.name == "media.seen" and
          event.fields["port"] == port and event.fields["diskseq"] > before, event)
    return before, event.fields["diskseq"]


def test_another_disk(s):
    """Each gate is for the disk that was named, port and DISKSEQ: for another that is there, it stays
    shut, spawnd is handed nothing, and the disk is as it was."""
    def none(what, answer, rule):
        refused(what, answer[0], rule)
        check("%s: spawnd is handed nothing" % what, answer[1] is None, answer[1])

    def sticks():
        return [open("%s/sticks/%s.img" % (os.environ["WL_PREFIX"], name), "rb").read()
                for name in ("present", "target", "third")]

    media, before = list_media(s.broker), sticks()
    a1, b1 = media["a1"]["diskseq"], media["b1"]["diskseq"]
    none("a1 by the DISKSEQ of the disk in b1", s.read("a1", b1), "medium.changed")
    none("b1 by the DISKSEQ of the disk in a1", s.read("b1", a1), "medium.changed")
    none("a port that nobody named", s.read("z9", b1), "medium.port-unknown")
    intent, granted = s.grant("b1", a1)
    check("a grant is only words", granted.kind == 2, granted)
    none("a grant for b1 by the DISKSEQ of the source", s.write(intent), "medium.changed")
    intent, _ = s.grant("a1", b1)
    none("a grant for a1 by the DISKSEQ of the destination", s.write(intent), "medium.changed")
    intent, _ = s.grant("b1", b1)
    refused("the same intent for another insertion",
            s.grant("b1", b1, intent=intent, insertion="STN3-I000002")[1], "station.no-grant")
    old, new = changed_stick(s, "third", "target", "b1")
    none("a grant for the stick that was in b1 before", s.write(intent), "station.no-grant")
    intent, _ = s.grant("b1", old)
    none("a grant that comes after its stick went", s.write(intent), "medium.changed")
    none("a read of the stick that was in b1 before", s.read("b1", old), "medium.changed")
    check("no stick was written", sticks() == before)
    check("none is claimed or protected", not any(
        f(n) for f in (held, read_only) for n in (A1, B1)))
    intent, _ = s.grant("b1", new)
    reply, handed = s.write(intent)
    check("by its own DISKSEQ it opens", reply.kind == 2 and handed, reply)
    os.close(handed.fd)
    s.shut(reply.fields["gate"])
    changed_stick(s, "target", "third", "b1")


def connect_denied_grant(diskseq):
    peer = connect("media", "weighlock")
    peer.send("grant", {"kind": "release", "intent": "STN3#1", "port": "b1", "diskseq": diskseq,
                        "insertion": "STN3-I000001", "boot": BOOT})
    return peer.closed()


# ---- pulling ----

def test_yank_source(s):
    a1 = list_media(s.broker)["a1"]["diskseq"]
    reply, handed = s.read("a1", a1)
    must("wl_stick_yank a1")
    event = s.broker.event()
    check("pulled while it is read: gone", event.name == "media.gone" and
          event.fields["port"] == "a1", event)
    try:
        empty = os.pread(handed.fd, 4096, 8 * MIB) == b""
    except OSError:
        empty = True
    check("nothing more can be read", empty)
    os.close(handed.fd)
    check("the gate shuts all the same", s.shut(reply.fields["gate"]).kind == 2)
    refused("asking for it again", s.read("a1", a1)[0], "medium.gone")
    check("protection put back", not read_only(A1))
    must("wl_stick_insert present a1")
    event = s.broker.event()
    check("put back: a new insertion", event.fields["diskseq"] > a1, event)


def test_yank_destination(s):
    b1 = list_media(s.broker)["b1"]["diskseq"]
    intent, _ = s.grant("b1", b1)
    reply, handed = s.write(intent)
    os.pwrite(handed.fd, b"half" * 1024, MIB)
    must("wl_stick_yank b1")
    os.close(handed.fd)
    refused("pulled while it is written", s.shut(reply.fields["gate"]), "destination.gone")
    refused("and asked again, the same", s.shut(reply.fields["gate"]), "destination.gone")
    event = s.broker.event()
    check("told as gone", event.name == "media.gone", event)
    intent, _ = s.grant("b1", b1)
    refused("a grant for a medium that is gone", s.write(intent)[0], "destination.gone")
    must("wl_stick_insert third b1")
    s.broker.event()


def test_peers_that_go(s):
    a1 = list_media(s.broker)["a1"]["diskseq"]
    reply, handed = s.read("a1", a1)
    s.broker.close()
    s.broker = connect("media", "weighlock")
    refused("gate of a broker that went, still held", s.read("a1", a1)[0], "station.busy")
    os.close(handed.fd)
    check("it is shut when spawnd lets go", eventually(lambda: not read_only(A1)))
    check("and says so when asked", s.shut(reply.fields["gate"]).kind == 2)
    # spawnd dies instead of answering
    serial = s.broker.send("gate.open", {"purpose": "check", "port": "a1", "diskseq": a1})
    handed = s.spawn.receive(5.0)
    os.close(handed.fd)
    s.spawn.close()
    refused("spawnd dies at the hand-over", s.wait(serial), "station.part-missing")
    s.spawn = connect("gate", "weighlock-worker")
    s.free()
    serial = s.broker.send("gate.open", {"purpose": "check", "port": "a1", "diskseq": a1})
    handed = s.spawn.receive(5.0)
    s.spawn.answer_error(handed, "station.sandbox-missing", 1, "no namespaces")
    os.close(handed.fd)
    refused("spawnd does not take it", s.wait(serial), "station.part-missing")
    s.free()


def test_silent_spawnd(s):
    """spawnd takes the descriptor and says nothing: it is taken for dead."""
    a1 = list_media(s.broker)["a1"]["diskseq"]
    serial = s.broker.send("gate.open", {"purpose": "read", "port": "a1", "diskseq": a1})
    handed = s.spawn.receive()
    refused("spawnd does not answer", s.wait(serial), "station.part-missing")
    check("and is closed", s.spawn.closed())
    os.close(handed.fd)
    s.spawn = connect("gate", "weighlock-worker")
    second = connect("gate", "weighlock-worker")
    check("a new spawnd takes the old one's place", s.spawn.closed())
    s.spawn = second
    s.free()


def test_size_changed(s):
    """A medium that grows under the same DISKSEQ is not the one that was seen."""
    b1 = list_media(s.broker)["b1"]["diskseq"]
    path = "%s/sticks/third.img" % os.environ["WL_PREFIX"]
    os.truncate(path, 56 * MIB)
    must("losetup -c /dev/loop%d" % B1)
    must("wl_settle")
    refused("a medium that changed its size", s.read("b1", b1)[0], "medium.changed")


def test_restart(s):
    """mediad dies with a gate open: the next one still knows that somebody holds it."""
    media = list_media(s.broker)
    reply, handed = s.read("a1", media["a1"]["diskseq"])
    check("a gate is open", reply.kind == 2, reply)
    must("wl_kill weighlock-mediad")
    must("wl_start weighlock-mediad")
    s.broker, s.spawn = connect("media", "weighlock"), connect("gate", "weighlock-worker")
    s.ledger = connect("grant", "weighlock-ledger")
    set_ports(s.broker)
    media = list_media(s.broker)
    intent, _ = s.grant("b1", media["b1"]["diskseq"])
    reply, _ = s.write(intent)
    refused("no write while the source of before is held", reply, "station.busy")
    os.close(handed.fd)
    for _ in range(600):  # the next mediad looks twice a second whether it was let go of
        intent, _ = s.grant("b1", media["b1"]["diskseq"])
        reply, handed = s.write(intent)
        if reply.kind == 2 or reply.fields.get("rule") != "station.busy":
            break
        time.sleep(0.1)
    check("let go: now it opens", reply.kind == 2, reply)
    os.close(handed.fd)
    s.shut(reply.fields["gate"])


def main():
    s = Station()
    test_ports(s)
    test_hot_plug(s)
    test_lost_events(s)
    test_uids()
    test_malformed()
    test_number_of_connections()
    test_slow_peer(s)
    intent = test_read_gate(s)
    test_refusals(s)
    test_write_gate(s, intent)
    test_grants(s)
    s.broker.events.clear()
    test_another_disk(s)
    test_yank_source(s)
    test_yank_destination(s)
    test_peers_that_go(s)
    test_silent_spawnd(s)
    test_restart(s)
    test_size_changed(s)


main()
