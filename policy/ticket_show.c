/*
 * A ticket in plain words: what an officer reads before she signs it.
 *
 * The text of the ticket may be anybody's (`ticket show` needs no signature), so all of it is
 * escaped: no control or bidi character of a ticket reaches a terminal. Runs in the offline client.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "policy/ticket.h"
#include "policy/words.h"

/* Escaped into a buffer that lives as long as the statement it stands in. */
#define SHOWN(s) show_text((char[256]){0}, (s))

static const char *show_text(char buf[256], const char *s)
{
	wl_text_escape(s ? s : "", s ? strlen(s) : 0, buf, 256);
	return buf;
}

static void show_devices(FILE *out, const struct wl_ticket *t)
{
	for (size_t i = 0; i < t->ndevices; i++) {
		const struct wl_ticket_device *d = &t->devices[i];
		(void)fprintf(out, _("  For     %s, serial"), SHOWN(d->model));
		for (size_t j = 0; j < d->nserials; j++)
			(void)fprintf(out, "%s %s", j ? "," : "", SHOWN(d->serials[j]));
		(void)fputc('\n', out);
	}
}

static void show_time(FILE *out, const struct wl_ticket *t)
{
	char from[WL_TIME_TEXT], until[WL_TIME_TEXT];
	wl_time_format(t->not_before, from);
	wl_time_format(t->not_after, until);
	(void)fprintf(out, _("  Valid   from %s until %s\n"), from, until);
	if (t->uses_per_device == 1)
		(void)fputs(_("  Uses    once on each device\n"), out);
	else
		(void)fprintf(out, _("  Uses    %" PRIu64 " times on each device\n"),
		              t->uses_per_device);
	if (t->nstations == 0) {
		(void)fputs(_("  At      any station (each station counts the uses for itself)\n"),
		            out);
		return;
	}
	(void)fputs(_("  At      station"), out);
	for (size_t i = 0; i < t->nstations; i++)
		(void)fprintf(out, "%s %s", i ? "," : "", t->stations[i]);
	(void)fputc('\n', out);
}

static void show_signature(FILE *out, const struct wl_ticket *t)
{
	char hex[WL_SHA256_HEX + 1];
	if (t->vendor_signature == WL_SIGNED_NONE) {
		(void)fputs(_("  Vendor  SIGNS NOTHING: only this ticket speaks for these files\n"),
		            out);
		return;
	}
	for (size_t i = 0; i < t->nspki; i++) {
		wl_hex_encode(t->spki_sha256[i], WL_SHA256_BYTES, hex);
		(void)fprintf(out, _("  Vendor  must have signed with the key %s\n"), hex);
	}
}

static void show_files(FILE *out, const struct wl_ticket *t)
{
	char hex[WL_SHA256_HEX + 1];
	(void)fprintf(out, ngettext("  File (%zu):\n", "  Files (%zu):\n", t->nfiles), t->nfiles);
	for (size_t i = 0; i < t->nfiles; i++) {
		const struct wl_ticket_file *f = &t->files[i];
		wl_hex_encode(f->sha256, WL_SHA256_BYTES, hex);
		(void)fprintf(out, "    %s  %s  %" PRIu64 "  %s%s\n",
		              f->deliver ? _("delivered") : _("stays    "), hex, f->size, f->path,
		              f->unpack == WL_UNPACK_INSPECT ? _("  (looked into)") : "");
	}
}

int wl_ticket_show(const struct wl_ticket *t, char **ret)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	(void)fprintf(out,
	              _("Ticket %s of %s: the update of \"%s\" of vendor %s to %s (release %" PRIu64
	                ").\n"),
	              t->id, t->authority, t->component, t->vendor, SHOWN(t->version), t->release);
	show_devices(out, t);
	show_time(out, t);
	if (t->release_from > 0)
		(void)fprintf(out,
		              _("  After   only where release %" PRIu64 " or later is installed\n"),
		              t->release_from);
	show_signature(out, t);
	show_files(out, t);
	if (t->note && t->note[0])
		(void)fprintf(out, _("  Note    %s\n"), SHOWN(t->note));
	bool bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}

int wl_withdrawal_show(const struct wl_withdrawal *w, char **ret)
{
	char when[WL_TIME_TEXT];
	wl_time_format(w->issued_at, when);
	int n = asprintf(ret,
	                 _("Withdrawal of ticket %s by %s, %s. Reason: %s\n"
	                   "  A station that takes this in never accepts that ticket again, and "
	                   "writes nothing\n  under it that is not written yet. It cannot be taken "
	                   "back: a new ticket needs a new name.\n"),
	                 w->ticket, w->authority, when, w->reason);
	return n < 0 ? -ENOMEM : 0;
}
