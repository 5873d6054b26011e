/*
 * Writing documents piece by piece: a note or a custody record may name 20 000 files.
 *
 * Runs in weighlock-ledgerd, on the members of durable entries and lines of a stored manifest. Some
 * of these texts came from a medium or from a person: each goes through wl_json_text. The file
 * written to is in a folder that gets its name only when it is whole.
 */
#include "daemon/ledger/json_out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"
#include "daemon/ledger/certificate_request.h"

void wl_out_flush(struct wl_out *o)
{
	if (o->error == 0)
		o->error = wl_write_full(o->fd, o->buf, o->n);
	o->n = 0;
}

void wl_out_put(struct wl_out *o, const char *format, ...)
{
	va_list ap;
	int n;

	if (o->n > WL_OUT_PIECE_BYTES / 2)
		wl_out_flush(o);
	va_start(ap, format);
	n = vsnprintf(o->buf + o->n, WL_OUT_PIECE_BYTES - o->n, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= WL_OUT_PIECE_BYTES - o->n)
		o->error = o->error ? o->error : -EMSGSIZE;
	else
		o->n += (size_t)n;
}

void wl_out_text(struct wl_out *o, const char *lead, const char *s)
{
	WL_AUTO_FREE char *quoted = NULL;
	size_t at = 0, room = 6 * strlen(s) + 3;
	int r = -ENOMEM;

	quoted = malloc(room);
	if (quoted)
		r = wl_json_text(s, strlen(s), quoted, room, &at);
	if (r < 0)
		o->error = o->error ? o->error : r;
	wl_out_put(o, "%s", lead);
	for (size_t i = 0; r == 0 && i < at; i += WL_OUT_PIECE_BYTES / 4)
		wl_out_put(o, "%.*s", (int)(WL_OUT_PIECE_BYTES / 4), quoted + i);
}

void wl_out_list(struct wl_out *o, const char *lead, const struct wl_draft *d, enum wl_member m)
{
	const char *element;

	wl_out_put(o, "%s[", lead);
	for (size_t i = 0; (element = wl_draft_get_element(d, m, i)) != NULL; i++)
		wl_out_text(o, i ? "," : "", element);
	wl_out_put(o, "]");
}

/* Who approved: the actors of the approvals the intent names, in its order. */
int wl_out_approvers(struct wl_ledger *l, struct wl_out *o, const struct wl_entry *intent)
{
	const char *id;

	wl_out_put(o, "{\"approved_by\":[");
	for (size_t i = 0; (id = wl_draft_get_element(&intent->draft, WL_M_APPROVALS, i)) != NULL;
	     i++) {
		WL_CLEANUP(wl_entry_clear) struct wl_entry approval = {0};
		uint64_t seq;
		int r = wl_id_number(WL_ID_ENTRY, id, &seq);
		if (r == 0)
			r = wl_ledger_entry(l, seq, &approval);
		if (r < 0)
			return r;
		wl_out_text(o, i ? "," : "", approval.draft.actor);
	}
	wl_out_put(o, "]");
	return 0;
}

void wl_out_certificate_expired(struct wl_out *o, const struct wl_ledger *l,
                                const struct wl_entry *intent)
{
	int64_t end = wl_certificate_not_after(l);
	char ended[WL_TIME_TEXT];

	wl_time_format(end, ended);
	if (end > 0 && end <= intent->time)
		wl_out_text(o, ",\"certificate_expired\":", ended);
}
