/*
 * How text lies on a page: wrapping, names kept apart from the words around them, long lists.
 */
#ifndef WL_CLIENT_RENDER_H
#define WL_CLIENT_RENDER_H

#include <stddef.h>
#include <stdio.h>

/*
 * Writes `text` (UTF-8) in lines of at most `columns` (0: one line), each indented; a word longer
 * than a line stays whole. A line end in `text` begins a new line. Ends with a line end.
 */
void wl_render_wrap(FILE *out, const char *text, int indent, int columns);

/* Columns of the terminal behind `out`, 0 where it is none. */
int wl_render_columns(FILE *out);

/* How many columns UTF-8 text takes. */
int wl_render_width(const char *text);

#define WL_NAME_SHOWN 600
/*
 * A name that came from a medium or a device: quoted, every control and bidi character escaped,
 * and between Unicode isolates where it is not plain ASCII, so that it cannot reorder the words
 * beside it.
 */
void wl_render_name(const char *name, char *buf, size_t size);

/* One thing of a list: what it is grouped by when the list is long, and its line. */
struct wl_list_line {
	const char *group;
	const char *text;
};

#define WL_LIST_WHOLE    20 /* up to this many are shown one by one */
#define WL_LIST_EXAMPLES 3
/* The list; over 20 lines as groups in the order met, each with its count and three examples. */
void wl_render_list(FILE *out, const struct wl_list_line *lines, size_t n, int indent, int columns);

/* "1:05:09", "0:07": hours only where there are any. */
void wl_render_duration(unsigned long seconds, char *buf, size_t size);

#endif
