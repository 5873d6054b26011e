/*
 * How many connections and calls each account has (weighlockd).
 *
 * The attacker is a local account that opens connections and calls as fast as it can: it may spend
 * its own allowance only. A bucket of twenty calls is refilled at twenty a second; who goes on
 * after having been told is disconnected, so that being refused costs the station nearly nothing.
 * Memory only: a lost power forgets it all.
 */
#include "daemon/broker/rate.h"

#include <stddef.h>

#include "daemon/base/limits.h"

#define SECOND_US 1000000U

static struct wl_rate_uid *find(struct wl_rates *r, uid_t uid)
{
	for (unsigned i = 0; i < WL_RATE_UIDS_MAX; i++)
		if (r->row[i].refilled_us && r->row[i].uid == uid)
			return &r->row[i];
	return NULL;
}

/* A row nobody uses: never used, or without a connection for longer than a bucket takes to fill. */
static struct wl_rate_uid *take_row(struct wl_rates *r, uid_t uid, uint64_t now_us)
{
	for (unsigned i = 0; i < WL_RATE_UIDS_MAX; i++) {
		struct wl_rate_uid *row = &r->row[i];
		bool idle = row->connections == 0 && now_us - row->refilled_us > SECOND_US;
		if (row->refilled_us && !idle)
			continue;
		*row = (struct wl_rate_uid){.uid = uid,
		                            .tokens = WL_CONTROL_CALLS_PER_SECOND_MAX,
		                            .refilled_us = now_us ? now_us : 1};
		return row;
	}
	return NULL;
}

bool wl_rate_connect(struct wl_rates *r, uid_t uid, uint64_t now_us)
{
	struct wl_rate_uid *row = find(r, uid);
	if (!row)
		row = take_row(r, uid, now_us);
	if (!row || row->connections >= WL_CONTROL_CONNECTIONS_PER_UID_MAX ||
	    r->connections >= WL_CONTROL_CONNECTIONS_MAX)
		return false;
	row->connections++;
	r->connections++;
	return true;
}

void wl_rate_disconnect(struct wl_rates *r, uid_t uid)
{
	struct wl_rate_uid *row = find(r, uid);
	if (row && row->connections > 0) {
		row->connections--;
		r->connections--;
	}
}

static void refill(struct wl_rate_uid *row, uint64_t now_us)
{
	const uint64_t each_us = SECOND_US / WL_CONTROL_CALLS_PER_SECOND_MAX;
	uint64_t earned = (now_us - row->refilled_us) / each_us;
	if (earned == 0)
		return;
	row->refilled_us += earned * each_us;
	uint64_t tokens = row->tokens + earned;
	row->tokens = tokens > WL_CONTROL_CALLS_PER_SECOND_MAX ? WL_CONTROL_CALLS_PER_SECOND_MAX
	                                                       : (unsigned)tokens;
}

enum wl_rate_answer wl_rate_call(struct wl_rates *r, uid_t uid, uint64_t now_us)
{
	struct wl_rate_uid *row = find(r, uid);
	if (!row)
		return WL_RATE_CLOSE;
	refill(row, now_us);
	if (row->tokens > 0) {
		row->tokens--;
		row->denied = 0;
		return WL_RATE_YES;
	}
	return ++row->denied > WL_CONTROL_CALLS_PER_SECOND_MAX ? WL_RATE_CLOSE : WL_RATE_NO;
}
