/*
 * The tables of the index; see facts_schema.h. Everything in them comes from entries, nothing else
 * may be kept here: what only the index knew would be lost when it is made again.
 */
#include "daemon/ledger/facts_schema.h"

#include <stddef.h>

const char *const wl_facts_tables[] = {
        "station",  "entry",  "transfer",  "inspection", "approval",     "insertion",
        "prepared", "floor",  "installed", "ticket",     "ticket_use",   "intent",
        "proposal", "medium", "source",    "heritage",   "audit_policy", "cosigned",
        "alarm",    "action", "manifest",  "visit",      NULL,
};

const char wl_facts_schema[] =
        "CREATE TABLE station (one INTEGER PRIMARY KEY CHECK (one = 1), format INTEGER, size "
        "INTEGER,"
        " root BLOB, newest_time INTEGER, next_transfer INTEGER, next_insertion INTEGER,"
        " policy_version INTEGER, policy_sha256 TEXT, approvals_inbound INTEGER,"
        " approvals_outbound INTEGER, station TEXT, origin TEXT, authority TEXT, clock_boot TEXT);"
        "INSERT INTO station VALUES (1, 0, 0, x'', 0, 1, 1, 0, '', 0, 0, '', '', '', '');"
        "CREATE TABLE entry (seq INTEGER PRIMARY KEY, nonce BLOB NOT NULL UNIQUE,"
        " time INTEGER NOT NULL, transfer TEXT);"
        "CREATE INDEX entry_transfer ON entry (transfer, seq) WHERE transfer IS NOT NULL;"
        /* state: the last event that moved it */
        "CREATE TABLE transfer (id TEXT PRIMARY KEY, direction TEXT, device TEXT, component TEXT,"
        " opener TEXT, state TEXT, first_seq INTEGER, last_seq INTEGER, open INTEGER);"
        "CREATE INDEX transfer_first ON transfer (first_seq);"
        "CREATE TABLE inspection (transfer TEXT, output TEXT, seq INTEGER, manifest TEXT,"
        " verdict TEXT, holds TEXT, component TEXT, release INTEGER, ticket TEXT, uses INTEGER,"
        " PRIMARY KEY (transfer, output));"
        "CREATE TABLE approval (seq INTEGER PRIMARY KEY, transfer TEXT, actor TEXT, until INTEGER,"
        " manifests TEXT, accepted TEXT, voided INTEGER DEFAULT 0);"
        "CREATE INDEX approval_transfer ON approval (transfer);"
        "CREATE TABLE insertion (id TEXT PRIMARY KEY, port TEXT, diskseq INTEGER, medium TEXT,"
        " serial INTEGER, boot TEXT, gone INTEGER DEFAULT 0);"
        "CREATE INDEX insertion_port ON insertion (port) WHERE gone = 0;"
        "CREATE TABLE prepared (seq INTEGER PRIMARY KEY, head TEXT, medium TEXT, insertion TEXT,"
        " voided INTEGER DEFAULT 0);"
        "CREATE INDEX prepared_head ON prepared (head);"
        "CREATE TABLE floor (device TEXT, component TEXT, release INTEGER,"
        " PRIMARY KEY (device, component));"
        "CREATE TABLE installed (device TEXT, component TEXT, release INTEGER,"
        " PRIMARY KEY (device, component));"
        "CREATE TABLE ticket (id TEXT PRIMARY KEY, sha256 TEXT, withdrawn INTEGER DEFAULT 0);"
        "CREATE TABLE ticket_use (device TEXT, ticket TEXT, transfer TEXT,"
        " PRIMARY KEY (device, ticket, transfer));"
        /* kind: release or wipe; state: open, done, failed, unknown */
        "CREATE TABLE intent (seq INTEGER PRIMARY KEY, kind TEXT, transfer TEXT, output TEXT,"
        " insertion TEXT, state TEXT DEFAULT 'open');"
        "CREATE INDEX intent_transfer ON intent (transfer);"
        "CREATE INDEX intent_insertion ON intent (insertion);"
        "CREATE TABLE proposal (version INTEGER, sha256 TEXT, actor TEXT, uid INTEGER,"
        " seq INTEGER, PRIMARY KEY (version, sha256));"
        "CREATE INDEX proposal_seq ON proposal (seq);"
        /* facts_visit.c: the numbers of its entries; 0: not yet */
        "CREATE TABLE visit (id TEXT PRIMARY KEY, escort TEXT, opened INTEGER,"
        " confirmed INTEGER DEFAULT 0, closed INTEGER DEFAULT 0);"
        "CREATE INDEX visit_opened ON visit (opened);"
        "CREATE TABLE medium (id TEXT PRIMARY KEY, suspect INTEGER, ours INTEGER);"
        /* what lay in gate a for a transfer: insertion, and the medium where it has a serial */
        /* facts_heritage.c: what the ledger before this one leaves behind; one row */
        "CREATE TABLE heritage (policy_floor INTEGER, unvouched INTEGER, incomplete INTEGER);"
        "INSERT INTO heritage VALUES (0, 0, 0);"
        "CREATE TABLE source (transfer TEXT, insertion TEXT, medium TEXT,"
        " PRIMARY KEY (transfer, insertion));";
