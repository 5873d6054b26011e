/*
 * base/work.h for a test of policy/drive: the workers' own functions, each job in a forked process
 * without sandbox or spawnd; or a worker that dies, or that says what it may not.
 */
#ifndef WL_TESTS_POLICY_WORKERS_H
#define WL_TESTS_POLICY_WORKERS_H

#include "daemon/base/work.h"

enum policy_workers_mood {
	WORKERS_HONEST = 0,
	WORKERS_DIE,         /* without a word */
	WORKERS_PASS,        /* a finding that is no refusal */
	WORKERS_OTHER_STAGE, /* a refusal that is none of theirs */
	WORKERS_TALK,        /* a message of another kind of work */
	WORKERS_FAULT,       /* work.fault */
	WORKERS_KEY_UNASKED, /* check says twice that it is good */
};

extern enum policy_workers_mood policy_workers_mood;
extern const char *policy_workers_kind; /* the mood is for this kind only; NULL: for all */
extern unsigned policy_workers_started;

#endif
