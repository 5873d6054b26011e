#!/usr/bin/env python3
"""Makes the manual pages that are tables: rules(7), limits(7), messages(7), events of ledger(5).

    make_manual.py TOP NAME > PAGE      NAME: rules, limits, messages, events

The tables the program is compiled from are the only source, so the manual cannot say anything else.
"""
import os, re, subprocess, sys

WHOM = {"NOBODY": "nobody", "SELF": "whoever is at the station", "APPROVER": "an approver",
        "ADMIN": "an administrator", "VENDOR": "the vendor", "AUTHORITY": "the authority that issues tickets",
        "CUSTODIAN": "the custodian"}
VERDICT = {"WL_PASS": "pass", "WL_REFUSE": "refuse", "WL_HOLD": "hold", "WL_LEAVE": "leave"}
STAGE = ["(end)", "station", "person", "medium", "volume", "name", "ticket", "signature", "update",
         "archive", "image", "export", "approval", "destination", "bag", "transfer"]
WIRE = {"U64": "u64", "I64": "i64", "BOOL": "bool", "BYTES": "bytes", "TEXT": "text", "SHA256": "sha256"}
KIND = {"REQUEST": "request", "REPLY": "reply", "ERROR": "error", "EVENT": "event"}


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8") as f:
        return f.read()


def strip_comments(s):
    return re.sub(r"/\*.*?\*/", "", s, flags=re.S)


def calls(text, macro):
    """The argument text of every MACRO(...) at the beginning of a line."""
    for m in re.finditer(r"^%s\(" % macro, text, re.M):
        depth, i, quoted = 1, m.end(), False
        while depth:
            ch = text[i]
            if ch == '"' and text[i - 1] != "\\":
                quoted = not quoted
            elif not quoted:
                depth += (ch == "(") - (ch == ")")
            i += 1
        yield text[m.end():i - 1]


def strings(s):
    """The C string literals of an argument list, adjacent ones joined."""
    parts = re.findall(r'((?:"(?:[^"\\]|\\.)*"\s*)+)', s)
    return ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', p)).replace('\\"', '"') for p in parts]


def mdoc(s):
    s = s.replace("\\", "\\e")
    s = re.sub(r"([.!?]) +(?=[A-Z])", r"\1\n", s)  # a new sentence is a new line
    return re.sub(r"^([.'])", r"\\&\1", s, flags=re.M)


def head(name, section, title, description):
    print(".\\\" made by docs/make_manual.py from the tables the program is compiled from")
    print(".Dd November 23, 2026\n.Dt %s %s\n.Os weighlock\n.Sh NAME\n.Nm %s\n.Nd %s" %
          (name.upper(), section, name, title))
    print(".Sh DESCRIPTION")
    print(description)


def rules(top):
    head("weighlock-rules", 7, "what weighlock refuses, holds, leaves and passes, and why",
         "Every verdict names one of these rules.\nAn id never changes its meaning and is never used again.\n"
         "Within a stage all rules that fail are named, the first in this order decides; a later stage\n"
         "is looked at only if no earlier one refused.\n.Bl -tag -width Ds")
    for args in calls(strip_comments(read(top, "daemon/base/rules.def")), "RULE"):
        id_, sentence, remedy = strings(args)[:3]
        verdict = VERDICT[re.search(r"WL_(PASS|REFUSE|HOLD|LEAVE)\b", args).group(0)]
        stage = int(re.search(r"WL_(?:PASS|REFUSE|HOLD|LEAVE),\s*(\d+)", args).group(1))
        whom = re.search(r"WL_WHOM_(\w+)", args).group(1)
        where = ", stage %d (%s)" % (stage, STAGE[stage]) if stage else ""
        print(".It Sy %s\nVerdict: %s%s.\n%s" % (id_, verdict, where, mdoc(sentence)))
        if remedy:
            print(".br\nWhat to do: %s" % mdoc(remedy))
        print(".br\nWho can help: %s." % WHOM[whom])
    print(".El\n.Sh SEE ALSO\n.Xr weighlock 1")


def limits(top):
    head("weighlock-limits", 7, "every limit on what comes from outside",
         "Each of these is tested at the limit and one beyond it.\n"
         "The policy may lower those marked so and can raise none.\n.Bl -tag -width Ds")
    for m in re.finditer(r"^#define (WL_\w+) +(.+?)$", read(top, "daemon/base/limits.h"), re.M):
        name, value = m.group(1), m.group(2)
        if "(n)" in name or name.endswith("_H") or value.startswith("((uint64_t)"):
            continue
        words = "".join(re.findall(r"/\*(.*?)\*/", value)).replace("(policy)", "").strip()
        note = "\n%s%s." % (words[0].upper(), words[1:]) if words else ""
        note += "\nMay be lowered by the policy." if "(policy)" in value else ""
        value = re.sub(r"/\*.*?\*/", "", value).strip()
        value = re.sub(r"WL_(K|M|G)IB\((\d+)\)", r"\2 \1iB", value).rstrip("U")
        words = name[3:].lower().replace("_max", "").replace("_", " ")
        print(".It %s\n%s.%s" % (words, value, note))
    print(".El\n.Sh SEE ALSO\n.Xr weighlock 1 ,\n.Xr weighlock-policy 5")


def messages(top):
    text = strip_comments(read(top, "daemon/base/messages.def"))
    tags = {a.split(",")[0].strip(): [x.strip() for x in a.split(",")] for a in calls(text, "TAG")}
    head("weighlock-messages", 7, "the messages between the processes of weighlock",
         "One message is one packet on a Unix socket of type SOCK_SEQPACKET.\n"
         "Each row says who may send it to whom, whether one descriptor goes with it, and its fields\n"
         "in ascending order of their tags: tag, name, type, at most how many bytes; "
         "optional ones in brackets.\n.Bl -tag -width Ds")
    for args in calls(text, "MSG"):
        parts = [p.strip() for p in re.split(r",(?![^(]*\))", args)]
        sym, name, type_, kind, frm, to, fd = parts[:7]
        peers = tuple(p.replace("WL_PEER_", "").lower() for p in (frm, to))
        print(".It Sy %s\n%s %s, %s to %s%s." % (strings(name)[0], type_,
              KIND[kind.replace("WL_KIND_", "")], peers[0], peers[1],
              ", with a descriptor" if fd == "1" else ""))
        fields = []
        for req, tag, size in re.findall(r"([RO])\((\w+), (\d+)\)", args):
            wire = WIRE[tags[tag][2].replace("WL_WIRE_", "")]
            f = "%s %s %s%s" % (tags[tag][1], tag.lower(), wire, " " + size if size != "0" else "")
            fields.append(f if req == "R" else "[" + f + "]")
        if fields:
            print("Fields: %s." % "; ".join(fields))
    print(".El\n.Sh SEE ALSO\n.Xr weighlock 1")


def events(top):
    text = strip_comments(read(top, "daemon/base/events.def"))
    types = {}
    for args in calls(text, "MEMBER"):
        sym, name, kind = [x.strip() for x in args.split(",")]
        types[sym] = (name.strip('"'), kind.replace("WL_MEMBER_", "").lower())
    head("weighlock-events", 5, "the events of the ledger and their members",
         "Members of\n.Dq data ;\nthose in brackets may be absent.\n.Bl -tag -width Ds")
    for args in calls(text, "EVENT"):
        name = strings(args)[0]
        out = []
        for req, sym in re.findall(r"\b([RO])\((\w+)\)", args):
            n, kind = types[sym]
            item = "%s (%s)" % (n, kind)
            out.append(item if req == "R" else "[%s]" % item)
        print(".It Sy %s\n%s." % (name, ", ".join(out) if out else "No members"))
    print(".El\n.Sh SEE ALSO\n.Xr weighlock 1 ,\n.Xr weighlock-ledger 5")


{"rules": rules, "limits": limits, "messages": messages, "events": events}[sys.argv[2]](sys.argv[1])
