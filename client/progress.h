/*
 * Progress on standard error: on a terminal one line that is written over, with bytes, rate and
 * time left; elsewhere a plain line when a step begins and when it ends.
 */
#ifndef WL_CLIENT_PROGRESS_H
#define WL_CLIENT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct wl_progress {
	char step[200]; /* what is being shown; "" nothing */
	uint64_t done, total;
	int64_t began_ms, shown_ms;
	bool counts_files; /* done and total are files, not bytes */
	bool drawn;        /* a line without its end stands on the terminal */
};

/* Shows that `step` (translated, e.g. "Reading") has come to done of total bytes, or files where
 * counts_files says so (0: unknown). */
void wl_progress_show(struct wl_progress *p, const char *step, uint64_t done, uint64_t total);
/* Ends the line, if any, so that other text can follow. */
void wl_progress_end(struct wl_progress *p);

/* "Rebuilding and sealing, files: 12 of 54, 0:20 left" */
void wl_progress_text_files(const char *step, uint64_t done, uint64_t total, uint64_t elapsed_ms,
                            char *buf, size_t size);

/* "Reading 58.4 of 64.0 MB, 18.0 MB/s, 0:04 left" from its parts; elapsed_ms 0: no rate yet. */
void wl_progress_text(const char *step, uint64_t done, uint64_t total, uint64_t elapsed_ms,
                      char *buf, size_t size);

#endif
