/*
 * A ledger that continues another.
 *
 * After a disk died, or the key was changed, a new ledger begins with the old one's checkpoint. The
 * station says so itself, so it is compared with what is known elsewhere: the old key in the book
 * must have signed that checkpoint, and what the auditor saw of the old ledger must not contradict
 * it. How far anybody saw the old ledger go, beyond what was taken over, is what was lost. Nothing
 * is written.
 */
#include "verify/succession.h"

#include <stdio.h>
#include <string.h>

#include "verify/say.h"

/* Does the key known for the old origin stand under the checkpoint? */
static bool is_signed(const struct verify_previous *p, struct verify_book *book)
{
	struct verify_station *old = book ? verify_book_find(book, p->checkpoint.origin) : NULL;

	return !old || verify_note_check(p->note, p->note_bytes, &old->key, NULL) == 0;
}

/* One checkpoint of the old ledger, kept here. Raises *seen; false where it contradicts. */
static bool compare(const struct verify_previous *p, const struct verify_checkpoint *cp,
                    uint64_t *seen)
{
	if (cp->size > *seen)
		*seen = cp->size;
	return cp->size != p->checkpoint.size ||
	       memcmp(cp->root, p->checkpoint.root, sizeof(cp->root)) == 0;
}

/* What of it is known here: how many checkpoints, or -1 where one contradicts. */
static int compare_known(const struct verify_previous *p, struct verify_book *book,
                         const struct verify_seen *seen, struct verify_import *import,
                         uint64_t *ret_seen)
{
	struct verify_station *old = book ? verify_book_find(book, p->checkpoint.origin) : NULL;
	struct verify_checkpoint cp;
	uint64_t when;
	int known = 0;

	if (!old)
		return 0;
	if (seen && verify_seen_get(seen, &old->key, &cp, &when) == 1) {
		known++;
		if (!compare(p, &cp, ret_seen))
			return -1;
	}
	if (import && verify_import_get(import, &old->key, &cp, &when) == 1) {
		known++;
		if (!compare(p, &cp, ret_seen))
			return -1;
	}
	return known;
}

void verify_succession_check(struct verify_report *r, const struct verify_result *result,
                             const struct verify_key *key, struct verify_book *book,
                             const struct verify_seen *seen, struct verify_import *import)
{
	const struct verify_previous *p = &result->previous;
	uint64_t size = p->checkpoint.size, most = p->seen > size ? p->seen : size;
	int known;

	if (!p->have)
		return;
	known = is_signed(p, book) ? compare_known(p, book, seen, import, &most) : -1;
	if (known < 0) {
		verify_report_add(r, VERIFY_SUCCESSION_WRONG, ENTRIES(0),
		                  _("%s at %llu entries is not the ledger known here"),
		                  p->checkpoint.origin, (unsigned long long)size);
		return;
	}
	if (p->seen == 0 && verify_note_check(p->note, p->note_bytes, key, NULL) < 0)
		verify_report_add(
		        r, VERIFY_SUCCESSION_WRONG, ENTRIES(0),
		        _("it follows %s by a change of key, and its own key did not sign "
		          "that one's last checkpoint"),
		        p->checkpoint.origin);
	if (most > size)
		verify_report_add(
		        r, VERIFY_SUCCESSION_LOST, ENTRIES(0),
		        _("%s ended at %llu (seen up to %llu); succeeded by %s; %llu entries "
		          "never seen"),
		        p->checkpoint.origin, (unsigned long long)size, (unsigned long long)most,
		        r->origin, (unsigned long long)(most - size));
	else if (p->seen == 0)
		verify_report_add(r, VERIFY_SUCCEEDS, ENTRIES(0),
		                  _("%s ended at %llu, signed by both keys; from %s on %s signs"),
		                  p->checkpoint.origin, (unsigned long long)size, p->began,
		                  r->origin);
	else
		verify_report_add(r, VERIFY_SUCCEEDS, ENTRIES(0),
		                  _("%s ended at %llu; succeeded by %s"), p->checkpoint.origin,
		                  (unsigned long long)size, r->origin);
	if (known == 0)
		verify_report_add(r, VERIFY_SUCCESSION_UNPROVEN, ENTRIES(0),
		                  _("nothing is known here of %s to compare with"),
		                  p->checkpoint.origin);
}
