/*
 * What workers say they work with: names and versions of libraries, for the record (requirement
 * C-12).
 *
 * A worker ends its job with work.done, and that may name the libraries that did the work. It is
 * the worker's word and nobody else's: recorded, shown as data, and no verdict looks at it.
 */
#ifndef WL_BASE_WORK_TOOLS_H
#define WL_BASE_WORK_TOOLS_H

#include "daemon/base/limits.h"
#include "daemon/base/message.h"

/* "decode libpng 1.6.39": what was done, and what the worker says did it. */
struct wl_tools {
	char v[WL_TOOLS_MAX][WL_TOOL_TEXT];
	size_t n;
};

/*
 * Adds what `done` (work.done of a job of kind `work`) says: pieces between commas, escaped, cut
 * where they are longer than WL_TOOL_TEXT, each once, in ascending order; beyond
 * WL_TOOLS_OF_WORK_MAX of that kind, or WL_TOOLS_MAX, nothing is added, so that a liar crowds out
 * nobody else. `tools` may be NULL.
 */
void wl_tools_add(struct wl_tools *tools, const char *work, const struct wl_message *done);

#endif
