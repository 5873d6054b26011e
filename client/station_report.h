/* What a station did in a time, from the ledger's entries (requirements E-08, H-04). */
#ifndef WL_CLIENT_STATION_REPORT_H
#define WL_CLIENT_STATION_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct wl_station_report {
	int64_t from, to; /* seconds, both included */
	json_t *report;   /* what --json prints */
};

/* 0 or -ENOMEM. */
int wl_station_report_begin(struct wl_station_report *r, int64_t from, int64_t to);
/* An entry of the time, in the ledger's order. 0, -EBADMSG where it is none. */
int wl_station_report_add(struct wl_station_report *r, const char *text);
/* An entry that took the ledger away or countersigned it, whatever its time. */
int wl_station_report_audit(struct wl_station_report *r, const char *text);
/* How the ledger stands: GetStatus' answer. Says in the report what is overdue. */
void wl_station_report_standing(struct wl_station_report *r, const json_t *status, int64_t now);
void wl_station_report_clear(struct wl_station_report *r); /* for WL_CLEANUP */

/* station_page.c: the page, both languages, no script, every text escaped. */
void wl_station_page(FILE *out, const struct wl_station_report *r, const char *station, bool test,
                     int64_t now);

#endif
