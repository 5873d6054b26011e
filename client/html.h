/* Text that others chose, put into a page so that it stays text. */
#ifndef WL_CLIENT_HTML_H
#define WL_CLIENT_HTML_H

#include <jansson.h>
#include <stdio.h>

/* Escaped twice over: controls, bidirectional marks and broken UTF-8 first, then for HTML. What is
 * longer than any entry's text is cut. */
void wl_html_text(FILE *out, const char *text);
/* ASCII lines as they are, and the dash of signed notes; any other byte becomes '?'. */
void wl_html_lines(FILE *out, const char *text);
/* French, then English marked as such; both are ours and may hold markup. */
void wl_html_both(FILE *out, const char *french, const char *english);
/* One cell of a table: the members of `row` that say something, a line each. */
void wl_html_cell(FILE *out, const json_t *row, const char *const *members, size_t n);
/* Everything before <body>'s contents: no script, nothing from elsewhere, for paper. `title` is
 * ours. `page` is the size and direction as CSS has it. */
void wl_html_head(FILE *out, const char *title, const char *page);

/* A new file for a page, readable by its owner only, and its end. NULL and errno; 0 or -errno. */
FILE *wl_html_new(const char *path);
int wl_html_done(FILE *out);

#endif
