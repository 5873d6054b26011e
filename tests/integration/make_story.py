#!/usr/bin/env python3
"""What a station may tell: a writer of ledgers whose entries are a story, good or not.

Used by verify_stories.py and by `make bench`. Shares no code with the station; signs with the openssl
command. A Story is the good course of things in small steps; a test leaves one out or says it otherwise.

    make_story.py DIR ENTRIES [STORY]     writes a ledger of so many entries, transfer after transfer
"""
import base64, hashlib, json, os, sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import make_ledger as ml

MANIFEST = b"00" * 32 + b"  1  TST1-T000001.00001  pass  pass.update-covered  a\n"
SHA = hashlib.sha256(MANIFEST).hexdigest()


class Story:
    def __init__(self, origin=ml.ORIGIN, seed=ml.SEED, station="TST1", init=None, **over):
        self.origin, self.seed, self.station = origin, seed, station
        self.entries, self.clock = [], 1795600000
        self.transfers = self.insertions = 0
        self.boot = "aa" * 16
        self.manifests = {SHA: MANIFEST}
        self.first = dict(ml.first_data(origin, seed), **(init or {}))
        self.over = over

    # ---- entries ----

    def time(self, ahead=0):
        import time
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock + ahead))

    def add(self, event, data, actor="station", transfer=None, **over):
        seq = len(self.entries)
        self.clock += 1
        e = {"actor": actor, "boot": self.boot, "clock": "rtc", "data": data, "event": event,
             "id": "%032x" % seq, "mono_ms": seq, "seq": seq, "station": self.station,
             "time": self.time(), "uid": 0, "v": 1}
        if transfer:
            e["transfer"] = transfer
        e.update(over)
        text = json.dumps(e, sort_keys=True, separators=(",", ":"))
        self.entries.append(text.replace("\\n", "\\u000a").encode())  # the one spelling of it
        return seq

    def id(self, seq):
        return "%s#%d" % (self.station, seq)

    # ---- the station ----

    def begin(self, inbound=1, outbound=1):
        self.add("station.init", self.first, actor="uid:1")
        self.start()
        self.policy(1, inbound, outbound)
        return self

    def start(self):
        return self.add("station.start", {"build_sha256": "22" * 32, "libs": [], "sandbox": "full",
                                          "version": "0.1.0"})

    def stop(self):
        return self.add("station.stop", {"cause": "signal"})

    def policy(self, version, inbound=1, outbound=1, second="admin-2", digest="33" * 32, propose=True):
        if propose:
            self.add("policy.proposed", {"policy_version": version, "sha256": digest}, actor="admin-1")
        return self.add("policy.loaded", {
            "approvals_inbound": inbound, "approvals_outbound": outbound, "policy_version": version,
            "proposed_by": "admin-1", "sha256": digest}, actor=second)

    # ---- media and gates ----

    def arrive(self, port="b1", medium="M-0117", number=None):
        self.insertions = number or self.insertions + 1
        i = "%s-I%06d" % (self.station, self.insertions)
        self.seen = self.add("medium.seen", {"bytes": 1 << 26, "diskseq": self.insertions, "insertion": i,
                                 "medium": medium, "port": port})
        return i

    def leave(self, insertion):
        return self.add("medium.gone", {"insertion": insertion})

    def gate(self, which, insertion, port, purpose, transfer=None, shut=True):
        d = {"gate": which, "insertion": insertion, "port": port, "purpose": purpose}
        seq = self.add("gate.opened", d, actor="tech-1", transfer=transfer)
        if shut:
            self.add("gate.shut", dict(d, bytes=1, reason="complete"), actor="tech-1",
                     transfer=transfer)
        return seq

    def wipe(self, insertion, port="b1", medium="M-0117", end="wipe.done"):
        seq = self.add("wipe.intent", {"insertion": insertion, "medium": medium, "method": "quick",
                                       "port": port}, actor="tech-1")
        self.gate("b", insertion, port, "wipe")
        if end:
            self.add(end, {"bytes": 1, "errors": 0, "intent": self.id(seq)})
        return seq

    def prepared(self, insertion, wipe, medium="M-0117", device=None):
        d = {"bytes": 1, "head_sha256": "44" * 32, "insertion": insertion, "intent": self.id(wipe),
             "medium": medium, "volume": "fat32"}
        if device:
            d["device"] = device
        return self.add("medium.prepared", d)

    # ---- a transfer ----

    def open(self, opener="tech-1", device="x-0042", direction="inbound", outputs=("delivery",),
             number=None):
        self.transfers = number or self.transfers + 1
        t = "%s-T%06d" % (self.station, self.transfers)
        self.opened = self.add("transfer.opened", {"device": device, "direction": direction,
                                                   "outputs": list(outputs)}, actor=opener, transfer=t)
        return t

    def inspect(self, t, output="delivery", verdict="pass", holds=(), manifest=SHA, release=40201,
                ticket="AA-1", uses=1):
        d = {"bytes": 1, "component": "scan-app", "files": 1, "holds": list(holds), "left": 0,
             "manifest_sha256": manifest, "output": output, "refused": 0, "release": release,
             "rule": "pass.update-covered", "verdict": verdict, "version": "1"}
        if ticket:
            d.update(ticket=ticket, ticket_uses=uses)
        self.inspected = self.add("transfer.inspected", d, transfer=t)
        return self.inspected

    def approve(self, t, who="appr-1", manifest=SHA, accepted=(), valid=3600):
        return self.add("transfer.approved", {
            "accepted": list(accepted), "manifests_sha256": [manifest], "method": "account",
            "until": self.time(valid)}, actor=who, transfer=t)

    def void(self, t, *approvals):
        return self.add("approval.voided", {"approvals": [self.id(a) for a in approvals],
                                            "rule": "approval.void"}, transfer=t)

    def intent(self, t, approvals, insertion, port="b1", medium="M-0117", output="delivery",
               device="x-0042", manifest=SHA, release=40201, ticket="AA-1", opener="tech-1"):
        d = {"approvals": [self.id(a) for a in approvals], "component": "scan-app",
             "destination_insertion": insertion, "destination_port": port, "device": device,
             "files": 1, "manifest_sha256": manifest, "medium": medium, "output": output,
             "release": release, "rule": "pass.update-covered", "sanitised": "no", "volume": "fat32"}
        if ticket:
            d["ticket"] = ticket
        return self.add("release.intent", d, actor=opener, transfer=t)

    def end(self, t, event, intent, **more):
        return self.add(event, dict({"intent": self.id(intent)}, **more), transfer=t)

    def written(self, t, intent, readback="equal"):
        return self.end(t, "release.written", intent, note_sha256="55" * 32, readback=readback,
                        volume_sha256="66" * 32)

    def done(self, t, intent):
        self.written(t, intent)
        return self.end(t, "release.done", intent)

    def outcome(self, t):
        return self.add("transfer.outcome", {
            "engineer": "E", "escort": "tech-1", "outcome": "installed", "release_after": 40201,
            "release_before": 40100, "words": ""}, actor="tech-1", transfer=t)

    def ready(self, port="b1", medium="M-0117", device=None):
        """A prepared medium in a port."""
        i = self.arrive(port, medium)
        self.prepared(i, self.wipe(i, port, medium), medium, device)
        return i

    def whole(self, **how):
        """One inbound transfer from its opening to the outcome."""
        t = self.open()
        self.inspect(t, ticket=how.get("ticket", "AA-1"), uses=how.get("uses", 1),
                     release=how.get("release", 40201))
        a = self.approve(t)
        i = self.ready()
        n = self.intent(t, [a], i, ticket=how.get("ticket", "AA-1"), release=how.get("release", 40201))
        self.gate("b", i, "b1", "release", t)
        self.done(t, n)
        self.leave(i)
        self.outcome(t)
        return t

    # ---- the ledger ----

    def hashes(self):
        return [ml.sha(b"\0", e) for e in self.entries]

    def checkpoint(self, size=None):
        h = self.hashes()[:size]
        return ml.checkpoint(len(h), ml.mth(h), [], origin=self.origin, seed=self.seed)

    def vkey(self):
        return ml.vkey(self.origin, 1, ml.public_key(self.seed))

    def write(self, root, entries_from=0):
        """entries_from: leave out the bundles of entries before this one (an incremental export)."""
        ml.write_tiles(root, self.hashes())
        ml.write_entries(root, self.entries)
        for n in range(0, entries_from // 256):
            os.unlink(os.path.join(root, "tile/entries/" + ml.tile_name(n)))
        for digest, text in self.manifests.items():
            ml.put(root, "manifests/" + digest, text)
        ml.put(root, "checkpoint", self.checkpoint())
        ml.put(root, "vkey", (self.vkey() + "\n").encode())

    def receipt(self, index, size=None):
        """A C2SP tlog-proof of one entry in the ledger as it was at `size`."""
        h = self.hashes()[:size]
        return ("c2sp.org/tlog-proof@v1\nindex %d\n" % index + "".join(
            base64.b64encode(p).decode() + "\n" for p in path(index, h)) + "\n").encode() + \
            self.checkpoint(size)


def path(m, hashes):
    """RFC 6962 2.1.1, as it stands there."""
    n = len(hashes)
    if n == 1:
        return []
    k = 1
    while k * 2 < n:
        k *= 2
    if m < k:
        return path(m, hashes[:k]) + [ml.mth(hashes[k:])]
    return path(m - k, hashes[k:]) + [ml.mth(hashes[:k])]


def main():
    root, want = sys.argv[1], int(sys.argv[2])
    s = Story().begin()
    while len(s.entries) < want:
        n = s.transfers + 1
        s.whole(ticket="AA-%d" % n)
    del s.entries[want:]
    s.write(root)


if __name__ == "__main__":
    main()
