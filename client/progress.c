/*
 * Showing how far the station has come. Numbers are the station's; nothing is kept.
 */
#include <stddef.h>

#include "client/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/i18n.h"
#include "client/render.h"
#include "daemon/base/text.h"

#define REDRAW_MS 200

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void wl_progress_text(const char *step, uint64_t done, uint64_t total, uint64_t elapsed_ms,
                      char *buf, size_t size)
{
	char have[32], all[32], rate_text[32], left[32];

	wl_size_format(done, have, sizeof(have));
	if (total == 0) {
		(void)snprintf(buf, size, done ? "%s %s" : "%s", step, have);
		return;
	}
	wl_size_format(total, all, sizeof(all));
	uint64_t rate =
	        elapsed_ms >= 500 ? (uint64_t)((double)done * 1000 / (double)elapsed_ms) : 0;
	if (rate == 0 || done > total) {
		(void)snprintf(buf, size, _("%s %s of %s"), step, have, all);
		return;
	}
	wl_size_format(rate, rate_text, sizeof(rate_text));
	wl_render_duration((unsigned long)((total - done + rate - 1) / rate), left, sizeof(left));
	(void)snprintf(buf, size, _("%s %s of %s, %s/s, %s left"), step, have, all, rate_text,
	               left);
}

void wl_progress_text_files(const char *step, uint64_t done, uint64_t total, uint64_t elapsed_ms,
                            char *buf, size_t size)
{
	char left[32];

	if (total == 0) {
		(void)snprintf(buf, size, "%s", step);
		return;
	}
	if (done == 0 || done > total || elapsed_ms < 500) {
		(void)snprintf(buf, size, _("%s %llu of %llu"), step, (unsigned long long)done,
		               (unsigned long long)total);
		return;
	}
	double each_ms = (double)elapsed_ms / (double)done;
	wl_render_duration((unsigned long)((double)(total - done) * each_ms / 1000 + 0.5), left,
	                   sizeof(left));
	(void)snprintf(buf, size, _("%s %llu of %llu, %s left"), step, (unsigned long long)done,
	               (unsigned long long)total, left);
}

void wl_progress_show(struct wl_progress *p, const char *step, uint64_t done, uint64_t total)
{
	char text[400];
	int64_t now = now_ms();
	bool is_new = strcmp(p->step, step) != 0;
	bool terminal = isatty(STDERR_FILENO);

	if (is_new) {
		wl_progress_end(p);
		(void)snprintf(p->step, sizeof(p->step), "%s", step);
		p->began_ms = now;
		p->shown_ms = 0;
	}
	bool complete = total > 0 && done >= total && p->done < total;
	p->done = done;
	p->total = total;
	if (!is_new && !complete && (!terminal || now - p->shown_ms < REDRAW_MS))
		return;
	p->shown_ms = now;
	(p->counts_files ? wl_progress_text_files : wl_progress_text)(
	        step, done, total, (uint64_t)(now - p->began_ms), text, sizeof(text));
	if (terminal) {
		(void)fprintf(stderr, "\r  %s\033[K", text);
		p->drawn = true;
	} else {
		(void)fprintf(stderr, "  %s\n", text);
	}
	(void)fflush(stderr);
}

void wl_progress_end(struct wl_progress *p)
{
	if (p->drawn)
		(void)fputc('\n', stderr);
	p->drawn = false;
	p->step[0] = 0;
	p->done = p->total = 0;
}
