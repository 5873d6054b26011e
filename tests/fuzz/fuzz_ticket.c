/* A ticket: any bytes are one that can be shown and written again as the same, or refused by name.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes as a withdrawal: one that is written again as the same, something else, or
 * refused. */
static void as_withdrawal(const uint8_t *data, size_t size)
{
	struct wl_withdrawal w, again;
	struct wl_finding finding = {0};
	char *text = NULL;
	size_t n = 0;
	int r = wl_withdrawal_read(data, size, &w, &finding);

	if (r < 0) {
		assert(r == -ENOMSG ||
		       (r == -EBADMSG && finding.rule >= WL_RULE_TICKET_UNREADABLE &&
		        finding.rule <= WL_RULE_TICKET_TYPE_UNKNOWN));
		return;
	}
	assert(wl_withdrawal_write(&w, &text, &n, &finding) == 0);
	assert(wl_withdrawal_read(text, n, &again, &finding) == 0);
	assert(!strcmp(w.ticket, again.ticket) && w.issued_at == again.issued_at);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_withdrawal(data, size);
	struct wl_ticket *t = NULL;
	struct wl_finding finding = {0};
	char *text = NULL, *words = NULL;
	size_t n = 0;
	int r = wl_ticket_read(data, size, &t, &finding);

	if (r == -EBADMSG) {
		assert(!t && finding.rule >= WL_RULE_TICKET_UNREADABLE &&
		       finding.rule <= WL_RULE_TICKET_TYPE_UNKNOWN);
		return 0;
	}
	assert(r == 0 && t && t->nfiles > 0 && t->ndevices > 0);
	for (size_t i = 0; i < t->nfiles; i++)
		assert(t->files[i].raw_n > 0 && t->files[i].raw[0] != '/');
	assert(wl_ticket_show(t, &words) == 0 && strlen(words) > 0);
	/* written with indents it may outgrow the limit of a file; else it is read back */
	r = wl_ticket_write(t, &text, &n, &finding);
	assert(r == 0 || (r == -EBADMSG && finding.rule == WL_RULE_TICKET_UNREADABLE));
	free(text);
	free(words);
	wl_ticket_free(t);
	return 0;
}
