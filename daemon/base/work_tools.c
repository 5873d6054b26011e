/*
 * Keeping what workers say they work with; see work_tools.h.
 *
 * A worker that was taken over may say anything here: it is cut, escaped and counted, so that it
 * costs one worker's lie a few lines of the record and no more. Runs in broker threads and in the
 * client. No state.
 */
#include "daemon/base/work_tools.h"

#include <stdio.h>
#include <string.h>

#include "daemon/base/text.h"

/* How many stand there that begin with these `lead` characters. */
static size_t count_of(const struct wl_tools *t, const char *text, size_t lead)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += strncmp(t->v[i], text, lead) == 0;
	return n;
}

static void insert(struct wl_tools *t, const char *text, size_t lead)
{
	size_t at = 0;
	int order = 1;

	while (at < t->n && (order = strcmp(text, t->v[at])) > 0)
		at++;
	if (order == 0 || t->n == WL_TOOLS_MAX || count_of(t, text, lead) >= WL_TOOLS_OF_WORK_MAX)
		return;
	memmove(t->v[at + 1], t->v[at], (t->n - at) * sizeof(t->v[0]));
	(void)snprintf(t->v[at], sizeof(t->v[at]), "%s", text);
	t->n++;
}

void wl_tools_add(struct wl_tools *tools, const char *work, const struct wl_message *done)
{
	if (!tools || !wl_message_has(done, WL_T_TOOLS))
		return;
	for (const char *at = wl_message_text(done, WL_T_TOOLS); *at;) {
		size_t n = strcspn(at, ",");
		char text[WL_TOOL_TEXT];
		int lead = snprintf(text, sizeof(text), "%.15s ", work);
		wl_text_escape(at, n, text + lead, sizeof(text) - (size_t)lead);
		if (n > 0)
			insert(tools, text, (size_t)lead);
		at += n + (at[n] == ',');
	}
}
