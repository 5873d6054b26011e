#!/usr/bin/python3
"""A peer of weighlock's daemons, for tests: the codec of INTERFACES 1, read from messages.def.

It shares no code with the C codec: it parses messages.def itself, packs and checks fields by what stands
there, and so checks the daemons' side of the table as well. Import it, or drive it line by line:

    peer_client.py [--uid N] SOCKET            reads one command a line from standard input
        call NAME field=value ...    sends a request, prints what comes with its serial
        send NAME field=value ...    sends without waiting (ports.begin, ports.port: serial of the sequence)
        event [SECONDS]              waits for one unasked event and prints it
        expect-close                 the other side must close now
        reply NAME [field=value …]   waits for one request and answers it
        raw HEX                      sends these bytes as one packet

A text or number stands as it is; bytes and digests as hex. Output: NAME key=value ... per message.
"""
import os
import re
import select
import socket
import struct
import sys

HEADER = struct.Struct("<2sBBHHII")
FIELD = struct.Struct("<HBBI")
U64, I64, BOOL, BYTES, TEXT, SHA256 = 1, 2, 3, 4, 5, 6
KINDS = {"WL_KIND_REQUEST": 1, "WL_KIND_REPLY": 2, "WL_KIND_ERROR": 3, "WL_KIND_EVENT": 4}
WIRES = {"U64": U64, "I64": I64, "BOOL": BOOL, "BYTES": BYTES, "TEXT": TEXT, "SHA256": SHA256}
PACKET_MAX = 65536


class Closed(Exception):
    """The other side has closed the connection."""


class Table:
    """messages.def, parsed."""

    def __init__(self, path=None):
        if path is None:
            here = os.path.dirname(os.path.abspath(__file__))
            path = os.path.join(here, "..", "..", "daemon", "base", "messages.def")
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        self.tags = {}
        self.names = {}
        for symbol, number, wire in re.findall(r"TAG\((\w+),\s*(\d+),\s*WL_WIRE_(\w+)\)", text):
            self.tags[symbol] = (int(number), WIRES[wire])
            self.names[int(number)] = (symbol.lower(), WIRES[wire])
        self.rows = {}
        for body in self.bodies(text):
            parts = re.match(
                r'(\w+),\s*"([a-z.0-9-]+)",\s*(0x[0-9a-fA-F]+),\s*(\w+),\s*([\w |]+),\s*'
                r"([\w |]+),\s*([01])\s*,?(.*)", body, re.S)
            symbol, name, number, kind, _, _, has_fd, fields = parts.groups()
            row = {"name": name, "type": int(number, 16), "kind": KINDS[kind],
                   "fd": has_fd == "1", "fields": {}}
            for need, tag, most in re.findall(r"([RO])\((\w+),\s*(\d+)\)", fields):
                row["fields"][tag.lower()] = (need == "R", int(most))
            self.rows[symbol] = row

    @staticmethod
    def bodies(text):
        at = 0
        while True:
            at = text.find("MSG(", at)
            if at < 0:
                return
            depth, end = 1, at + 4
            while depth:
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            if at == 0 or not text[at - 1].isalnum():
                yield text[at + 4:end - 1].strip()
            at = end

    def request(self, name, kinds=(1, 4)):
        for row in self.rows.values():
            if row["name"] == name and row["kind"] in kinds:
                return row
        raise KeyError(name)

    def find(self, number, kind):
        for row in self.rows.values():
            if row["type"] == number and row["kind"] == kind:
                return row
        raise ValueError("unknown message 0x%04x of kind %d" % (number, kind))


class Message:
    def __init__(self, name, kind, serial, fields, fd=None):
        self.name, self.kind, self.serial, self.fields, self.fd = name, kind, serial, fields, fd

    def __str__(self):
        words = ["error" if self.kind == 3 else self.name]
        for key, value in self.fields.items():
            if isinstance(value, bytes):
                value = value.hex()
            elif isinstance(value, bool):
                value = int(value)
            words.append("%s=%s" % (key, value))
        if self.fd is not None:
            words.append("fd")
        return " ".join(words)


class Peer:
    def __init__(self, path=None, sock=None, table=None):
        self.table = table or Table()
        self.sock = sock or socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if path:
            self.sock.connect(path)
        self.serial = 0
        self.events = []

    def close(self):
        self.sock.close()

    # ---- packing ----

    def pack(self, row, serial, fields):
        body, count = b"", 0
        for tag in sorted(fields, key=lambda t: self.table.tags[t.upper()][0]):
            number, wire = self.table.tags[tag.upper()]
            value = fields[tag]
            if wire in (U64, I64):
                data = struct.pack("<Q" if wire == U64 else "<q", int(value))
            elif wire == BOOL:
                data = bytes([1 if value in (True, 1, "1", "true") else 0])
            elif wire == TEXT:
                data = value.encode()
            else:
                data = value if isinstance(value, bytes) else bytes.fromhex(value)
            body += FIELD.pack(number, wire, 0, len(data)) + data
            count += 1
        return HEADER.pack(b"WL", 1, row["kind"], row["type"], count, serial, len(body)) + body

    def unpack(self, packet, fd):
        magic, version, kind, number, count, serial, size = HEADER.unpack_from(packet)
        if magic != b"WL" or version != 1 or size != len(packet) - HEADER.size:
            raise ValueError("bad header")
        row = self.table.find(number, kind)
        fields, at, before = {}, HEADER.size, 0
        for _ in range(count):
            tag, wire, zero, length = FIELD.unpack_from(packet, at)
            at += FIELD.size
            data = packet[at:at + length]
            at += length
            name, expected = self.table.names[tag]
            if wire != expected or zero != 0 or tag <= before or len(data) != length:
                raise ValueError("bad field %s" % name)
            before = tag
            most = row["fields"][name][1]
            if wire in (BYTES, TEXT) and length > most:
                raise ValueError("%s is too long" % name)
            fields[name] = {
                U64: lambda d: struct.unpack("<Q", d)[0],
                I64: lambda d: struct.unpack("<q", d)[0],
                BOOL: lambda d: {b"\0": False, b"\1": True}[d],
                TEXT: lambda d: d.decode("utf-8", "strict"),
            }.get(wire, bytes)(data)
        if at != len(packet):
            raise ValueError("trailing bytes")
        for name, (required, _) in row["fields"].items():
            if required and name not in fields:
                raise ValueError("%s is missing" % name)
        if row["fd"] != (fd is not None):
            raise ValueError("descriptor where none belongs, or none")
        return Message(row["name"], kind, serial, fields, fd)

    # ---- sending and receiving ----

    def send_raw(self, packet, fd=None):
        try:
            if fd is None:
                self.sock.send(packet, socket.MSG_NOSIGNAL)
            else:
                socket.send_fds(self.sock, [packet], [fd], socket.MSG_NOSIGNAL)
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Closed from e

    def send(self, name, fields=None, serial=None, fd=None, kinds=(1, 4)):
        if serial is None:
            self.serial += 1
            serial = self.serial
        self.send_raw(self.pack(self.table.request(name, kinds), serial, fields or {}), fd)
        return serial

    def receive(self, seconds=10.0):
        if not select.select([self.sock], [], [], seconds)[0]:
            raise TimeoutError
        try:
            packet, fds, flags, _ = socket.recv_fds(self.sock, PACKET_MAX + 1, 4)
        except ConnectionResetError as e:
            raise Closed from e
        if not packet and not fds:
            raise Closed
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(fds) > 1:
            raise ValueError("truncated")
        return self.unpack(packet, fds[0] if fds else None)

    def call(self, name, fields=None, serial=None, seconds=30.0):
        """The reply (or error), and the events of the same serial; unasked events are kept."""
        serial = self.send(name, fields, serial)
        answers = []
        while True:
            m = self.receive(seconds)
            if m.serial == 0:
                self.events.append(m)
            elif m.serial != serial:
                raise ValueError("answer to another serial")
            elif m.kind == 4:
                answers.append(m)
            else:
                return m, answers

    def event(self, seconds=10.0):
        if self.events:
            return self.events.pop(0)
        m = self.receive(seconds)
        if m.serial != 0 or m.kind != 4:
            raise ValueError("not an unasked event: %s" % m)
        return m

    def answer(self, request, fields=None):
        """Answers a request with its reply."""
        row = self.table.request(request.name, (2,))
        self.send_raw(self.pack(row, request.serial, fields or {}))

    def answer_error(self, request, rule, error, detail):
        row = self.table.rows["ERROR"]
        self.send_raw(self.pack(row, request.serial,
                                {"rule": rule, "errno": error, "detail": detail}))

    def closed(self, seconds=5.0):
        try:
            while True:
                self.receive(seconds)
        except Closed:
            return True
        except TimeoutError:
            return False


def parse_fields(words):
    return dict(w.split("=", 1) for w in words)


def drive(peer, line):
    command, *words = line.split()
    if command == "call":
        reply, events = peer.call(words[0], parse_fields(words[1:]))
        for m in events + [reply]:
            print(m, flush=True)
    elif command == "send":
        fields = parse_fields(words[1:])
        serial = int(fields.pop("serial", 0)) or None
        peer.send(words[0], fields, serial)
    elif command == "event":
        print(peer.event(float(words[0]) if words else 10.0), flush=True)
    elif command == "expect-close":
        print("closed" if peer.closed() else "still open", flush=True)
    elif command == "reply":
        request = peer.receive(30.0)
        print(request, flush=True)
        peer.answer(request, parse_fields(words[1:]))
    elif command == "raw":
        peer.send_raw(bytes.fromhex(words[0]))
    else:
        raise SystemExit("unknown command: " + command)


def main(argv):
    if argv[:1] == ["--uid"]:
        os.setgroups([])
        os.setgid(int(argv[1]))
        os.setuid(int(argv[1]))
        argv = argv[2:]
    peer = Peer(argv[0])
    for line in sys.stdin:
        if line.strip() and not line.startswith("#"):
            try:
                drive(peer, line)
            except Closed:
                print("closed", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
