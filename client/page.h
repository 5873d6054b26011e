/*
 * A page to print: HTML without script or anything from elsewhere, A4, in one or both languages.
 */
#ifndef WL_CLIENT_PAGE_H
#define WL_CLIENT_PAGE_H

#include "client/cli.h"

struct wl_page; /* opaque */

/* Opens the file `name` for a page with this heading. 0 and *ret, or the exit status after the
 * person was told. */
int wl_page_open(const struct wl_cli *cli, const char *name, const char *heading,
                 struct wl_page **ret);
/* A labelled value; the value is escaped and set in fixed width. */
void wl_page_value(struct wl_page *p, const char *label, const char *value);
/* Lines kept as they are. */
void wl_page_lines(struct wl_page *p, const char *label, const char *text);
void wl_page_text(struct wl_page *p, const char *text);
void wl_page_qr(struct wl_page *p, const char *label, const char *text);
/* Name, date and signature of so many persons. */
void wl_page_signatures(struct wl_page *p, unsigned persons);
/* Writes it. The exit status. */
int wl_page_close(const struct wl_cli *cli, struct wl_page *p);

#endif
