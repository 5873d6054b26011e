/* How many connections and calls each uid has: a table of fixed size, pure. */
#ifndef WL_BROKER_RATE_H
#define WL_BROKER_RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WL_RATE_UIDS_MAX 64U

struct wl_rate_uid {
	uid_t uid;
	unsigned connections;
	unsigned tokens; /* calls it may still make */
	unsigned denied; /* calls refused since it last had a token */
	uint64_t refilled_us;
};

struct wl_rates {
	struct wl_rate_uid row[WL_RATE_UIDS_MAX];
	unsigned connections;
};

enum wl_rate_answer { WL_RATE_YES, WL_RATE_NO, WL_RATE_CLOSE };

/* A new connection of uid at monotonic time now_us: false where it must be refused. */
bool wl_rate_connect(struct wl_rates *r, uid_t uid, uint64_t now_us);
void wl_rate_disconnect(struct wl_rates *r, uid_t uid);
/* A call of uid: yes, no (TooMuch), or close (it goes on calling though told so). */
enum wl_rate_answer wl_rate_call(struct wl_rates *r, uid_t uid, uint64_t now_us);

#endif
