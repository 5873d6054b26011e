#!/usr/bin/env python3
"""weighlock-verify against stories a station may tell: every kind of finding that rests on what entries
say, each in a ledger that is otherwise good, signed and whole. The kinds found must be exactly those
asked for, and about the entries asked for. Needs python3 and openssl, no root.

    verify_stories.py [NAME...]     WEIGHLOCK_VERIFY names the program
"""
import json, os, subprocess, sys, tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from make_story import Story, SHA, MANIFEST
import make_ledger as ml

VERIFY = os.environ.get("WEIGHLOCK_VERIFY", "./weighlock-verify")
OTHER = "77" * 32
cases = []


def case(f):
    cases.append(f)
    return f


# Each returns (story, findings): findings are (kind, entries) in the order of the report.

@case
def good_story():
    s = Story().begin()
    s.whole()
    s.stop()
    return s, []


@case
def two_outputs():
    s = Story().begin(outbound=2)
    t = s.open(opener="invest-1", direction="outbound", outputs=("scrubbed", "evidence"))
    for o in ("scrubbed", "evidence"):
        s.inspect(t, o, ticket=None, verdict="hold", holds=("transfer.incomplete",))
    a = [s.approve(t, w, accepted=("transfer.incomplete",)) for w in ("appr-1", "appr-2")]
    for o in ("scrubbed", "evidence"):
        i = s.ready()
        n = s.intent(t, a, i, output=o, ticket=None, opener="invest-1")
        end = s.done(t, n)
        s.leave(i)
    s.stop()
    return s, [("outcome-missing", [end])]


@case
def begins_twice():
    s = Story().begin()
    n = s.add("station.init", s.first, actor="uid:1")
    return s, [("beginning-wrong", [n])]


@case
def begins_with_another_key():
    s = Story(init={"ledger_vkey": ml.vkey(ml.ORIGIN, 1, ml.public_key(ml.COSIGNER_SEED))}).begin()
    return s, [("beginning-wrong", [0])]


@case
def begins_with_another_origin():
    return Story(init={"origin": "test.example/other"}).begin(), [("beginning-wrong", [0])]


@case
def begins_with_something_else():
    s = Story()
    s.start()
    return s, [("beginning-wrong", [0])]


@case
def made_by_one_person():
    return Story(init={"second_actor": "uid:1"}).begin(), [("one-person", [0])]


@case
def clock_set_by_two():
    s = Story().begin()
    n = s.add("clock.set", {"new": s.time(), "old": s.time(), "second_actor": "tech-2"}, actor="tech-1")
    return s, [("clock-set", [n])]


@case
def clock_set_by_one():
    s = Story().begin()
    n = s.add("clock.set", {"new": s.time(), "old": s.time(), "second_actor": "tech-1"}, actor="tech-1")
    return s, [("one-person", [n]), ("clock-set", [n])]


@case
def clock_back():
    s = Story().begin()
    s.clock -= 86400
    n = s.add("call.denied", {"method": "Release", "rule": "person.unknown"})
    return s, [("clock-back", [n - 1, n])]


@case
def policy_older():
    s = Story().begin()
    a = s.policy(3)
    b = s.policy(2)
    return s, [("policy-back", [a, b])]


@case
def policy_by_one_person():
    s = Story().begin()
    n = s.policy(2, second="admin-1")
    return s, [("one-person", [n])]


@case
def policy_never_proposed():
    s = Story().begin()
    n = s.policy(2, propose=False)
    return s, [("policy-unproposed", [n])]


@case
def policy_of_another_digest():
    s = Story().begin()
    s.add("policy.proposed", {"policy_version": 2, "sha256": "88" * 32}, actor="admin-1")
    n = s.policy(2, propose=False)
    return s, [("policy-unproposed", [n])]


@case
def fault_is_told():
    s = Story().begin()
    n = s.add("station.fault", {"errno": 5, "part": "vault", "rule": "station.vault-full"})
    return s, [("station-fault", [n])]


@case
def event_of_a_later_version():
    s = Story().begin()
    n = s.add("scanner.exploded", {"words": "x"})
    return s, [("event-unknown", [n])]


@case
def stopped_unseen():
    s = Story().begin()
    n = s.start()
    return s, [("stop-unseen", [n - 1, n])]


@case
def goes_on_after_its_end():
    s = Story().begin()
    n = rotated(s)
    m = s.stop()
    return s, [("entry-after-end", [n, m]), ("ended", [n])]


def proposed(s, method, actor="admin-1", **data):
    return s.add("action.proposed", dict({"method": method, "words": "it is time"}, **data), actor=actor)


def rotated(s, by="admin-2", first="admin-1"):
    proposed(s, "rotate-key")
    return s.add("key.rotated", {"new_sha256": "00" * 32, "old_sha256": "11" * 32, "proposed_by": first,
                                 "which": "ledger", "words": "yes"}, actor=by)


def retired(s, by="admin-2", first="admin-1"):
    proposed(s, "retire")
    return s.add("station.retired", {"proposed_by": first, "words": "end of life"}, actor=by)


@case
def the_key_is_given_up_by_one_person():
    s = Story().begin()
    n = rotated(s, by="admin-1")
    return s, [("one-person", [n]), ("ended", [n])]


@case
def the_key_is_given_up_and_nobody_had_said_so():
    s = Story().begin()
    n = rotated(s, first="admin-3")
    return s, [("action-unproposed", [n]), ("ended", [n])]


@case
def a_station_is_retired_by_one_person():
    s = Story().begin()
    n = retired(s, by="admin-1")
    return s, [("one-person", [n]), ("ended", [n])]


@case
def a_station_is_retired_on_an_old_word():
    s = Story().begin()
    p = proposed(s, "retire")
    s.clock += 9 * 3600
    n = s.add("station.retired", {"proposed_by": "admin-1", "words": "late"}, actor="admin-2")
    return s, [("action-unproposed", [p, n]), ("ended", [n])]


def alarm(s):
    return s.add("station.fault", {"detail": "x", "errno": 0, "part": "ledger",
                                   "rule": "station.ledger-rolled-back", "size": 9}, actor="station")


def settled(s, n, by="admin-2", first="admin-1"):
    return s.add("alarm.settled", {"entry": "%s#%d" % (s.station, n), "proposed_by": first,
                                   "words": "a test medium"}, actor=by)


@case
def an_alarm_is_settled():
    s = Story().begin()
    n = alarm(s)
    proposed(s, "settle", entry="%s#%d" % (s.station, n))
    settled(s, n)
    s.stop()
    return s, [("station-fault", [n])]


@case
def an_alarm_is_settled_by_one_person():
    s = Story().begin()
    n = alarm(s)
    proposed(s, "settle", entry="%s#%d" % (s.station, n))
    m = settled(s, n, by="admin-1")
    s.stop()
    return s, [("one-person", [m]), ("station-fault", [n])]


@case
def an_alarm_is_settled_twice_on_one_word():
    s = Story().begin()
    n = alarm(s)
    proposed(s, "settle", entry="%s#%d" % (s.station, n))
    settled(s, n)
    m = settled(s, n)
    s.stop()
    return s, [("action-unproposed", [m]), ("station-fault", [n])]


@case
def a_retired_station_gives_its_ledger_away():
    s = Story().begin()
    n = retired(s)
    i = s.ready()
    s.leave(i)
    s.stop()
    s.start()
    s.stop()
    return s, [("ended", [n])]


@case
def a_retired_station_lets_nothing_cross():
    s = Story().begin()
    n = retired(s)
    s.open()
    m = s.stop() - 1
    return s, [("entry-after-end", [n, m]), ("ended", [n])]


@case
def a_key_given_up_says_nothing_after():
    s = Story().begin()
    n = retired(s)
    k = rotated(s)
    m = s.stop()
    return s, [("entry-after-end", [n, k - 1]), ("entry-after-end", [n, k]), ("entry-after-end", [n, m]), ("ended", [n]), ("ended", [k])]


@case
def documents_get_another_key():
    s = Story().begin()
    s.add("key.rotated", {"new_sha256": "00" * 32, "old_sha256": "11" * 32, "which": "document"})
    s.stop()
    return s, []


@case
def entry_without_its_event():
    s = Story().begin()
    n = s.add("", {})
    return s, [("envelope-incomplete", [n])]


@case
def approval_without_an_end():
    s = Story().begin()
    t = s.open()
    n = s.add("transfer.approved", {"accepted": [], "manifests_sha256": [SHA], "method": "account"},
              actor="appr-1", transfer=t)
    return s, [("entry-incomplete", [n])]


@case
def decided_about_no_transfer():
    s = Story().begin()
    n = s.add("transfer.rejected", {"words": "x"}, actor="appr-1")
    return s, [("entry-incomplete", [n])]


# ---- transfers ----

@case
def number_skipped():
    s = Story().begin()
    s.open()
    s.open(number=3)
    return s, [("transfer-number", [s.opened])]


@case
def number_used_twice():
    s = Story().begin()
    s.whole()
    s.open(number=1)
    return s, [("transfer-number", [s.opened])]


@case
def transfer_never_opened():
    s = Story().begin()
    n = s.inspect("TST1-T000001")
    return s, [("transfer-unknown", [n])]


@case
def approved_after_rejection():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    s.add("transfer.rejected", {"words": "no"}, actor="appr-1", transfer=t)
    n = s.approve(t)
    return s, [("transfer-ended", [n])]


@case
def vault_emptied_early():
    s = Story().begin()
    t = s.open()
    n = s.add("vault.deleted", {"bytes": 1, "encrypted_disk": True, "items": 1}, transfer=t)
    return s, [("vault-deleted-early", [s.opened, n])]


@case
def vault_emptied_after_failure():
    s = Story().begin()
    t = s.open()
    s.add("transfer.failed", {"rule": "medium.gone"}, transfer=t)
    s.add("vault.deleted", {"bytes": 1, "encrypted_disk": True, "items": 1}, transfer=t)
    return s, []


# ---- lists of files ----

@case
def manifest_is_not_there():
    s = Story().begin()
    s.manifests = {}
    n = s.inspect(s.open())
    return s, [("manifest-missing", [n])]


@case
def manifest_was_changed():
    s = Story().begin()
    s.manifests[SHA] = MANIFEST.replace(b"pass", b"PASS")
    n = s.inspect(s.open())
    return s, [("manifest-differs", [n])]


@case
def manifest_has_no_digest():
    s = Story().begin()
    n = s.inspect(s.open(), manifest="../../checkpoint")
    return s, [("manifest-unnamed", [n])]


# ---- approvals ----

def released(s, approve, inspect=None, **intent):
    """A release on what `approve` gives; its entries' numbers are in s.opened, s.inspected."""
    t = s.open()
    s.inspect(t, **(inspect or {}))
    a = approve(t)
    i = s.ready()
    n = s.intent(t, a, i, **intent)
    s.done(t, n)
    s.leave(i)
    s.outcome(t)
    return n, a


@case
def nobody_approved():
    s = Story().begin()
    n, _ = released(s, lambda t: [])
    return s, [("approvals-too-few", [s.opened, n])]


@case
def one_of_two_approved():
    s = Story().begin(inbound=2)
    n, _ = released(s, lambda t: [s.approve(t)])
    return s, [("approvals-too-few", [s.opened, n])]


@case
def policy_that_wants_none_still_wants_one():
    s = Story().begin(inbound=0)
    n, _ = released(s, lambda t: [])
    return s, [("approvals-too-few", [s.opened, n])]


@case
def opener_approved():
    s = Story().begin()
    n, a = released(s, lambda t: [s.approve(t, "tech-1")])
    return s, [("approval-by-opener", [s.opened, a[0]]), ("approvals-too-few", [s.opened, n])]


@case
def one_person_twice():
    s = Story().begin(inbound=2)
    n, a = released(s, lambda t: [s.approve(t), s.approve(t)])
    return s, [("approval-twice", [a[1], n]), ("approvals-too-few", [s.opened, n])]


@case
def approval_invented():
    s = Story().begin()
    n, _ = released(s, lambda t: [2])
    return s, [("approval-unknown", [n]), ("approvals-too-few", [s.opened, n])]


@case
def approval_of_another_transfer():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    other = s.approve(t)
    n, _ = released(s, lambda t: [other])
    return s, [("approval-unknown", [n]), ("approvals-too-few", [s.opened, n])]


@case
def approval_was_voided():
    s = Story().begin()

    def approve(t):
        a = s.approve(t)
        s.void(t, a)
        return [a]
    n, a = released(s, approve)
    return s, [("approval-void", [a[0], n]), ("approvals-too-few", [s.opened, n])]


@case
def approval_spent_by_a_policy():
    s = Story().begin()

    def approve(t):
        a = s.approve(t)
        s.policy(2)
        return [a]
    n, a = released(s, approve)
    return s, [("approval-void", [a[0], n]), ("approvals-too-few", [s.opened, n])]


@case
def approval_had_expired():
    s = Story().begin()
    n, a = released(s, lambda t: [s.approve(t, valid=2)])
    return s, [("approval-expired", [a[0], n]), ("approvals-too-few", [s.opened, n])]


@case
def approval_before_inspection():
    s = Story().begin()
    t = s.open()
    a = s.approve(t)
    s.inspect(t)
    i = s.ready()
    n = s.intent(t, [a], i)
    s.done(t, n)
    s.outcome(t)
    return s, [("approval-early", [a, n]), ("approvals-too-few", [s.opened, n])]


@case
def approval_of_another_list():
    s = Story().begin()
    n, a = released(s, lambda t: [s.approve(t, manifest=OTHER)])
    return s, [("approval-other", [a[0], n]), ("approvals-too-few", [s.opened, n])]


@case
def hold_not_named():
    s = Story().begin()
    n, a = released(s, lambda t: [s.approve(t, accepted=("transfer.incomplete",))],
                    {"verdict": "hold", "holds": ("transfer.incomplete", "transfer.overwrites")})
    return s, [("hold-not-accepted", [a[0], n]), ("approvals-too-few", [s.opened, n])]


# ---- releases ----

@case
def released_without_inspection():
    s = Story().begin()
    t = s.open()
    a = s.approve(t)
    i = s.ready()
    n = s.intent(t, [a], i)
    s.end(t, "release.failed", n, bytes=0, rule="medium.gone")
    return s, [("release-uninspected", [s.opened, n])]


@case
def refused_and_released():
    s = Story().begin()
    n, _ = released(s, lambda t: [s.approve(t)], {"verdict": "refuse"})
    return s, [("release-after-refusal", [s.inspected, n])]


def after_end(event, data):
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    s.add(event, data, actor="appr-1", transfer=t)
    n = s.intent(t, [a], s.ready())
    s.end(t, "release.failed", n, bytes=0, rule="medium.gone")
    return s, [("release-after-refusal", [n])]


@case
def rejected_and_released():
    return after_end("transfer.rejected", {"words": "no"})


@case
def cancelled_and_released():
    return after_end("transfer.cancelled", {"cause": "x"})


@case
def refused_whole_and_released():
    return after_end("transfer.refused", {"rule": "update.file-extra"})


def other(**intent):
    s = Story().begin()
    n, _ = released(s, lambda t: [s.approve(t)], None, **intent)
    return s, [("release-other", [s.inspected, n])]


@case
def another_list_released():
    return other(manifest=OTHER)


@case
def another_device_released():
    return other(device="x-0043")


@case
def another_release_released():
    return other(release=50000)


@case
def another_ticket_released():
    return other(ticket="AA-2")


@case
def released_twice_at_once():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    n = s.intent(t, [a], s.ready())
    m = s.intent(t, [a], s.ready("b2", "M-0118"), "b2", "M-0118")
    s.done(t, m)
    s.outcome(t)
    return s, [("release-open", [n]), ("release-twice", [n, m])]


@case
def released_again():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    i = s.ready()
    d = s.done(t, s.intent(t, [a], i))
    m = s.intent(t, [a], i)
    s.end(t, "release.failed", m, bytes=0, rule="medium.gone")
    s.outcome(t)
    return s, [("release-twice", [d, m])]


@case
def released_without_policy():
    s = Story()
    s.add("station.init", s.first, actor="uid:1")
    s.start()
    n, _ = released(s, lambda t: [s.approve(t)])
    return s, [("release-without-policy", [n])]


@case
def older_release():
    s = Story().begin()
    s.whole(release=40300, ticket=None)
    n, _ = released(s, lambda t: [s.approve(t)], {"release": 40200, "ticket": None},
                    release=40200, ticket=None)
    first = [k for k, e in enumerate(s.entries) if b'"event":"release.intent"' in e][0]
    return s, [("release-number-down", [first, n])]


@case
def older_release_for_another_device():
    s = Story().begin()
    s.whole(release=40300, ticket=None)
    t = s.open(device="x-0099")
    s.inspect(t, release=40200, ticket=None)
    a = s.approve(t)
    s.done(t, s.intent(t, [a], s.ready(), device="x-0099", release=40200, ticket=None))
    s.outcome(t)
    return s, []


@case
def older_than_inherited():
    s = Story().begin()
    f = s.add("fact.inherited", {"component": "scan-app", "device": "x-0042", "kind": "floor",
                                 "release": 50000})
    n, _ = released(s, lambda t: [s.approve(t)])
    return s, [("release-number-down", [f, n])]


def heir(seen=True, policy=1, **counters):
    """A station after a lost disk: what it took over, before its first policy."""
    old = Story(origin="test.example/tst0")
    old.add("station.init", old.first)
    note = old.checkpoint()
    if not seen:  # a change of key: the new one signs as well
        text = note.split(b"\n\n")[0] + b"\n"
        note += ml.signature_line(ml.ORIGIN, 1, ml.public_key(ml.SEED), ml.sign(ml.SEED, text)).encode()
    init = {"previous_checkpoint": note.decode(), "previous_origin": old.origin}
    if seen:
        init["previous_seen"] = 1
    s = Story(init=init)
    s.add("station.init", s.first, actor="uid:1")
    s.add("fact.inherited", {"device": "x-0042", "kind": "ticket-use", "ticket": "AA-1",
                             "from": "TST1-T000004"})
    s.add("fact.inherited", {"kind": "ticket", "sha256": "99" * 32, "ticket": "AA-5",
                             "withdrawn": True})
    s.counters = s.add("fact.inherited", dict({"kind": "counters", "next_insertion": 21,
                                               "next_transfer": 8, "policy_version": 3}, **counters))
    s.transfers, s.insertions = 7, 20
    s.start()
    s.policy(policy)
    return s


KIN = [("succeeds", [0]), ("succession-unproven", [0])]


@case
def heir_with_one_approval():
    s = heir(policy=4)
    n, _ = released(s, lambda t: [s.approve(t)], {"ticket": None}, ticket=None)
    return s, KIN + [("approvals-too-few", [s.opened, n])]


@case
def heir_with_two_approvals():
    s = heir(policy=4)
    released(s, lambda t: [s.approve(t), s.approve(t, "appr-2")], {"ticket": None}, ticket=None)
    return s, KIN


@case
def heir_that_was_countersigned():
    s = heir(policy=4)
    s.add("ledger.cosigned", {"cosigned_at": s.time(), "signature": "x", "size": 1, "vkey": "x"})
    released(s, lambda t: [s.approve(t)], {"ticket": None}, ticket=None)
    return s, KIN


@case
def heir_by_a_change_of_key():
    s = heir(seen=False, policy=4)
    released(s, lambda t: [s.approve(t)], {"ticket": None}, ticket=None)
    return s, KIN


@case
def heir_uses_a_ticket_again():
    s = heir(seen=False, policy=4)
    n, _ = released(s, lambda t: [s.approve(t)])
    return s, KIN + [("ticket-overused", [1, n])]


@case
def heir_uses_a_withdrawn_ticket():
    s = heir(seen=False, policy=4)
    n, _ = released(s, lambda t: [s.approve(t)], {"ticket": "AA-5"}, ticket="AA-5")
    return s, KIN + [("ticket-withdrawn", [2, n])]


@case
def heir_with_an_older_policy():
    s = heir(policy=2)
    n = len(s.entries) - 1
    return s, KIN + [("policy-back", [s.counters, n])]


@case
def heir_that_begins_to_count_anew():
    s = heir(policy=4)
    s.open(number=1)
    return s, KIN + [("transfer-number", [s.opened])]


@case
def not_read_back():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    n = s.intent(t, [a], s.ready())
    d = s.end(t, "release.done", n)
    s.outcome(t)
    return s, [("release-unread", [n, d])]


@case
def read_back_and_different():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    n = s.intent(t, [a], s.ready())
    s.written(t, n, "differs")
    d = s.end(t, "release.done", n)
    s.outcome(t)
    return s, [("release-unread", [n, d])]


@case
def ended_without_intent():
    s = Story().begin()
    t = s.open()
    n = s.end(t, "release.done", 2)
    return s, [("release-without-intent", [n])]


@case
def ended_twice():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    n = s.intent(t, [a], s.ready())
    s.end(t, "release.failed", n, bytes=0, rule="medium.gone")
    m = s.end(t, "release.failed", n, bytes=0, rule="medium.gone")
    return s, [("release-without-intent", [m])]


@case
def ticket_used_again():
    s = Story().begin()
    s.whole(ticket="AA-7", uses=1)
    first = [k for k, e in enumerate(s.entries) if b'"event":"release.intent"' in e][0]
    n, _ = released(s, lambda t: [s.approve(t)], {"ticket": "AA-7", "uses": 1}, ticket="AA-7")
    return s, [("ticket-overused", [first, n])]


@case
def ticket_for_two_uses():
    s = Story().begin()
    s.whole(ticket="AA-7", uses=2)
    s.whole(ticket="AA-7", uses=2)
    return s, []


@case
def ticket_withdrawn_and_used():
    s = Story().begin()
    w = s.add("ticket.withdrawn", {"sha256": "99" * 32, "ticket": "AA-1"}, actor="appr-1")
    n, _ = released(s, lambda t: [s.approve(t)])
    return s, [("ticket-withdrawn", [w, n])]


@case
def still_being_written():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    n = s.intent(t, [a], s.ready())
    return s, [("release-open", [n])]


@case
def interrupted_and_resolved():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    i = s.ready()
    n = s.intent(t, [a], i)
    s.stop()
    s.start()
    u = s.end(t, "release.unknown", n)
    m = s.intent(t, [a], i)
    d = s.done(t, m)
    s.outcome(t)
    return s, [("release-interrupted", [n, u, d])]


@case
def interrupted_and_left():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    n = s.intent(t, [a], s.ready())
    s.stop()
    s.start()
    u = s.end(t, "release.unknown", n)
    return s, [("release-interrupted", [n, u])]


@case
def nobody_says_what_became_of_it():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    d = s.done(t, s.intent(t, [a], s.ready()))
    return s, [("outcome-missing", [d])]


# ---- media and gates ----

@case
def insertion_skipped():
    s = Story().begin()
    s.arrive()
    s.arrive(number=3)
    return s, [("insertion-number", [s.seen])]


def unseen(prepare):
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    where = prepare(s)
    n = s.intent(t, [a], **where)
    s.end(t, "release.failed", n, bytes=0, rule="medium.gone")
    return s, [("medium-unseen", [n])]


@case
def medium_never_arrived():
    return unseen(lambda s: {"insertion": "TST1-I000009"})


@case
def medium_had_left():
    def prepare(s):
        i = s.ready()
        s.leave(i)
        return {"insertion": i}
    return unseen(prepare)


@case
def medium_replaced():
    def prepare(s):
        i = s.ready()
        s.arrive(medium="M-0200")
        return {"insertion": i}
    return unseen(prepare)


@case
def medium_in_another_port():
    return unseen(lambda s: {"insertion": s.ready(), "port": "b2"})


@case
def another_medium():
    return unseen(lambda s: {"insertion": s.ready(), "medium": "M-9999"})


@case
def medium_of_an_earlier_boot():
    def prepare(s):
        i = s.ready()
        s.stop()
        s.boot = "bb" * 16
        s.start()
        return {"insertion": i}
    return unseen(prepare)


@case
def source_used_as_destination():
    s = Story().begin()
    t = s.open()
    i = s.arrive()
    seen = s.seen
    s.gate("a", i, "b1", "read", t)
    s.inspect(t)
    a = s.approve(t)
    n = s.intent(t, [a], i)
    s.end(t, "release.failed", n, bytes=0, rule="medium.gone")
    return s, [("medium-source", [seen, n])]


@case
def prepared_for_another_device():
    s = Story().begin()
    t = s.open()
    s.inspect(t)
    a = s.approve(t)
    i = s.arrive()
    p = s.prepared(i, s.wipe(i), device="x-0099")
    n = s.intent(t, [a], i)
    s.end(t, "release.failed", n, bytes=0, rule="medium.gone")
    return s, [("medium-use", [p, n])]


@case
def prepared_without_a_wipe():
    s = Story().begin()
    i = s.arrive()
    n = s.prepared(i, 2)
    return s, [("prepared-without-wipe", [n])]


@case
def prepared_after_a_failed_wipe():
    s = Story().begin()
    i = s.arrive()
    n = s.prepared(i, s.wipe(i, end="wipe.failed"))
    return s, [("prepared-without-wipe", [n])]


@case
def wipe_without_an_end():
    s = Story().begin()
    n = s.wipe(s.arrive(), end=None)
    return s, [("release-open", [n])]


@case
def wipe_ended_that_never_began():
    s = Story().begin()
    n = s.add("wipe.done", {"bytes": 1, "errors": 0, "intent": "TST1#2"})
    return s, [("release-without-intent", [n])]


@case
def two_gates():
    s = Story().begin()
    t = s.open()
    a = s.gate("a", s.arrive("a1", "?1"), "a1", "read", t, shut=False)
    b = s.gate("b", s.arrive(), "b1", "check", t)
    s.add("gate.shut", {"bytes": 1, "gate": "a", "insertion": "TST1-I000001", "port": "a1",
                        "purpose": "read", "reason": "complete"}, transfer=t)
    return s, [("gates-both-open", [a, b])]


@case
def gate_without_intent():
    s = Story().begin()
    n = s.gate("b", s.arrive(), "b1", "release")
    return s, [("gate-without-intent", [n])]


@case
def gate_shut_unopened():
    s = Story().begin()
    n = s.add("gate.shut", {"bytes": 1, "gate": "a", "insertion": s.arrive("a1"), "port": "a1",
                            "purpose": "read", "reason": "complete"})
    return s, [("gate-unopened", [n])]


@case
def gate_left_open_by_a_stop():
    s = Story().begin()
    i = s.arrive("a1")
    s.gate("a", i, "a1", "read", shut=False)
    s.stop()
    s.start()
    s.add("gate.shut", {"bytes": 0, "gate": "a", "insertion": i, "port": "a1", "purpose": "read",
                        "reason": "restart"})
    return s, []


@case
def as_much_as_is_followed_stands_open():
    s = Story().begin()
    for _ in range(8192):
        s.open()
    return s, []


@case
def too_much_stands_open():
    s = Story().begin()
    for _ in range(8193):
        s.open()
    return s, [("too-much", [len(s.entries) - 1])]


WEIGHT = {"gap": 0, "failure": 1, "notice": 2}


def run(root, vkey, *options):
    p = subprocess.run([VERIFY, "--json", "--key", vkey, *options, root], capture_output=True,
                       text=True)
    try:
        return p.returncode, json.loads(p.stdout)
    except ValueError:
        return p.returncode, {"findings": [], "raw": p.stdout + p.stderr}


def main():
    failed = 0
    wanted = [c for c in cases if not sys.argv[1:] or c.__name__ in sys.argv[1:]]
    for make in wanted:
        with tempfile.TemporaryDirectory() as root:
            story, want = make()
            story.write(root)
            status, said = run(root, story.vkey())
        have = [(f["kind"], f["entries"]) for f in said["findings"]]
        refuse = any(f["weight"] == "failure" for f in said["findings"])
        order = [WEIGHT[f["weight"]] for f in said["findings"]]
        name = make.__name__.replace("_", " ")
        if sorted(have) != sorted(want):
            print("FAIL %s: found %s, wanted %s %s" % (name, have, want, said.get("raw", "")))
        elif status != (1 if refuse else 0) or said["verdict"] != ("refuse" if refuse else "pass"):
            print("FAIL %s: exit %d, verdict %s" % (name, status, said.get("verdict")))
        elif order != sorted(order) or not all(f["words"] for f in said["findings"]):
            print("FAIL %s: gaps come first, and each finding has words" % name)
        else:
            print("ok %s" % name)
            continue
        failed += 1
    print("%d stories, %d failed" % (len(wanted), failed))
    return 1 if failed else 0


sys.exit(main())
