/*
 * Rules over the sequence of entries.
 *
 * The signature proves that the station wrote these entries in this order; this file asks whether
 * the story holds together: numbers without a gap, one station throughout, a clock that does not
 * go back unseen, each release ended, each manifest there and equal to its digest. The text is the
 * station's own and may be a lie by a station that was taken over, so it is read strictly and
 * never believed beyond what it says. Memory grows with releases that never ended, nothing else.
 */
#include "verify/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "verify/entry.h"

#define OPEN_MAX_KEPT 4096

struct verify_walk {
	int dirfd;
	struct verify_report *report;
	uint64_t next;
	char station[16];
	char time[24];
	unsigned open_n;
	uint64_t open[OPEN_MAX_KEPT]; /* release.intent and wipe.intent without an end */
};

struct verify_walk *verify_walk_new(int dirfd, struct verify_report *r)
{
	struct verify_walk *w = calloc(1, sizeof(*w));

	if (w) {
		w->dirfd = dirfd;
		w->report = r;
	}
	return w;
}

struct verify_walk *verify_walk_free(struct verify_walk *w)
{
	free(w);
	return NULL;
}

static void check_manifest(struct verify_walk *w, const struct verify_entry *e, int64_t seq)
{
	const struct verify_member *m = verify_entry_find(e, true, "manifest_sha256", VERIFY_TEXT);
	char path[10 + 65], have[65];
	uint8_t buf[65536], digest[32];
	EVP_MD_CTX *ctx;
	ssize_t got = -1;
	int fd;

	if (!m || m->value_n != 64 || strspn(m->value, "0123456789abcdef") < 64) {
		verify_report_add(w->report, VERIFY_FAILURE, "manifest-unnamed", seq,
		                  "an inspection that names no manifest");
		return;
	}
	(void)snprintf(path, sizeof(path), "manifests/%.64s", m->value);
	fd = openat(w->dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ctx = EVP_MD_CTX_new();
	if (fd >= 0 && ctx && EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL) == 1)
		while ((got = read(fd, buf, sizeof(buf))) > 0)
			(void)EVP_DigestUpdate(ctx, buf, (size_t)got);
	if (got == 0 && EVP_DigestFinal_ex(ctx, digest, NULL) == 1) {
		for (unsigned i = 0; i < sizeof(digest); i++)
			(void)snprintf(have + 2 * (size_t)i, 3, "%02x", digest[i]);
		if (memcmp(have, m->value, 64) != 0)
			verify_report_add(w->report, VERIFY_FAILURE, "manifest-differs", seq,
			                  "manifest %.64s has other content than was signed",
			                  m->value);
	} else {
		verify_report_add(w->report, VERIFY_FAILURE, "manifest-missing", seq,
		                  "manifest %.64s is not in this copy", m->value);
	}
	EVP_MD_CTX_free(ctx);
	if (fd >= 0)
		(void)close(fd);
}

static void open_release(struct verify_walk *w, const struct verify_entry *e, int64_t seq)
{
	(void)e;
	if (w->open_n < OPEN_MAX_KEPT)
		w->open[w->open_n++] = (uint64_t)seq;
}

static void end_release(struct verify_walk *w, const struct verify_entry *e, int64_t seq)
{
	const struct verify_member *m = verify_entry_find(e, true, "intent", VERIFY_TEXT);
	const char *hash = m ? memchr(m->value, '#', m->value_n) : NULL;
	uint64_t intent = hash ? strtoull(hash + 1, NULL, 10) : UINT64_MAX;

	for (unsigned i = 0; i < w->open_n; i++)
		if (w->open[i] == intent) {
			w->open[i] = w->open[--w->open_n];
			return;
		}
	verify_report_add(w->report, VERIFY_FAILURE, "release-without-intent", seq,
	                  "says how a writing ended for which no intent is open");
}

static const struct {
	const char *event;
	void (*rule)(struct verify_walk *w, const struct verify_entry *e, int64_t seq);
} rules[] = {
        {"transfer.inspected", check_manifest},
        {"release.intent", open_release},
        {"wipe.intent", open_release},
        {"release.done", end_release},
        {"release.failed", end_release},
        {"release.unknown", end_release},
        {"wipe.done", end_release},
        {"wipe.failed", end_release},
};

static void check_envelope(struct verify_walk *w, const struct verify_entry *e, int64_t seq)
{
	const struct verify_member *number = verify_entry_find(e, false, "seq", VERIFY_INTEGER);
	const struct verify_member *station = verify_entry_find(e, false, "station", VERIFY_TEXT);
	const struct verify_member *when = verify_entry_find(e, false, "time", VERIFY_TEXT);
	const struct verify_member *event = verify_entry_find(e, false, "event", VERIFY_TEXT);

	if (!number || number->integer != seq)
		verify_report_add(w->report, VERIFY_FAILURE, "number-wrong", seq,
		                  "does not carry its own number");
	if (!station || !when || when->value_n != 20 || !event) {
		verify_report_add(w->report, VERIFY_FAILURE, "envelope-incomplete", seq,
		                  "station, time or event is missing");
		return;
	}
	if (w->station[0] && !verify_member_is(station, w->station))
		verify_report_add(w->report, VERIFY_FAILURE, "station-other", seq,
		                  "names another station than %s", w->station);
	if (seq == 0)
		verify_member_copy(station, w->station, sizeof(w->station));
	if (seq == 0 && !verify_member_is(event, "station.init"))
		verify_report_add(w->report, VERIFY_FAILURE, "beginning-wrong", seq,
		                  "the first entry is not station.init");
	if (w->time[0] && memcmp(when->value, w->time, 20) < 0)
		verify_report_add(w->report, VERIFY_NOTICE, "clock-back", seq,
		                  "its time is before the one of the entry before it");
	verify_member_copy(when, w->time, sizeof(w->time));
}

void verify_walk_entry(struct verify_walk *w, const char *p, size_t n)
{
	struct verify_entry e;
	int64_t seq = (int64_t)w->next++;
	const struct verify_member *event;
	size_t at = 0;

	if (verify_entry_read(p, n, &e, &at) < 0) {
		verify_report_add(w->report, VERIFY_FAILURE, "entry-malformed", seq,
		                  "not in the canonical form (byte %zu)", at);
		return;
	}
	check_envelope(w, &e, seq);
	event = verify_entry_find(&e, false, "event", VERIFY_TEXT);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (verify_member_is(event, rules[i].event))
			rules[i].rule(w, &e, seq);
}

void verify_walk_end(struct verify_walk *w)
{
	for (unsigned i = 0; i < w->open_n; i++)
		verify_report_add(w->report, VERIFY_NOTICE, "release-open", (int64_t)w->open[i],
		                  "writing began and no entry says how it ended: treat the medium "
		                  "as suspect");
}
