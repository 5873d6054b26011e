/* A station's ledger in a temporary folder, and its usual history, for the unit tests of
 * daemon/ledger. */
#ifndef WL_TESTS_LEDGER_FIXTURE_H
#define WL_TESTS_LEDGER_FIXTURE_H

#include "daemon/ledger/ledger.h"

#define FX_HEX  "4b2c8f0e9a7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3"
#define FX_HEAD "9f3c51a2b07e6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3"

struct fixture {
	char dir[64];
	struct wl_ledger *l;
	struct wl_finding f; /* of the last append */
	uint64_t seq;        /* of the last append that worked */
	int64_t time;
	bool known;
	int manifest_fd; /* sealed; -1 until made */
	char manifest_sha256[WL_SHA256_HEX + 1];
};

/* How far apart the tried points of a loop lie: `usual`, or that times WL_SPOIL_EVERY where the
 * same program is run once more and slower (sanitizers, distcheck). */
long fixture_step(long usual);
void fixture_make(struct fixture *x);   /* a new folder, nothing in it */
void fixture_remove(struct fixture *x); /* closes and removes everything */
int fixture_open(struct fixture *x);    /* wl_ledger_open */
void fixture_close(struct fixture *x);
void fixture_station(struct fixture *x); /* open, init, confirm */
void fixture_policy(struct fixture *x);  /* and version 1 loaded, one approval each way */

/* Members as NAME=TEXT, NAME:=INTEGER, NAME?=0|1, NAME[]=ELEMENT, NAME[]; ends with NULL. nonce
 * NULL: a fresh one. transfer "" : none. manifest_fd -1: none. Stages only. */
int fixture_stage(struct fixture *x, const uint8_t *nonce, const char *event, const char *actor,
                  uint64_t uid, const char *transfer, int manifest_fd, ...);
/* And commits. */
#define fixture_append(x, event, actor, uid, transfer, ...)                                        \
	fixture_commit((x), fixture_stage((x), NULL, (event), (actor), (uid), (transfer), -1,      \
	                                  __VA_ARGS__, NULL))
int fixture_commit(struct fixture *x, int staged);

/* A transfer opened by tech-1, inspected with a manifest of `rule`, verdict pass or hold. */
void fixture_inspected(struct fixture *x, const char *transfer, const char *verdict,
                       const char *hold);
/* Approval by `actor` for eight hours; its entry's id into buf. accept NULL: nothing accepted. */
void fixture_approved(struct fixture *x, const char *transfer, const char *actor,
                      const char *accept, char buf[WL_ID_TEXT]);
/* A medium seen at b1 with a serial. */
void fixture_seen(struct fixture *x, const char *insertion, const char *port);
/* release.intent of STN3-T000001's delivery onto `insertion` by these approvals; staged and
 * committed. */
int fixture_intent(struct fixture *x, const char *transfer, const char *insertion,
                   const char *approval, const char *second);

#endif
