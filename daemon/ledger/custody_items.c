/*
 * Finds the entries a custody record is made from.
 *
 * Runs in weighlock-ledgerd. Entries and manifest both came from the broker once; what makes them
 * worth something is that they are durable, that approvers approved this manifest, and that the two
 * agree line by line. Up to 20 000 items are held as numbers and digests; the entries are read
 * again when the record is written. No state.
 */
#include "daemon/ledger/custody_items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/manifest.h"

#define SEALED_ENDING ".p7m"
#define TEXT(e, m)    wl_draft_get_text(&(e)->draft, WL_M_##m)
#define HAS(e, m)     wl_draft_has(&(e)->draft, WL_M_##m)

void wl_custody_items_clear(struct wl_custody_items *items)
{
	free(items->v);
	*items = (struct wl_custody_items){0};
}

static int wrong(struct wl_finding *f, const char *item, const char *what)
{
	(void)wl_refuse(f, WL_RULE_NONE, "%.64s: %s", item, what);
	return -EINVAL;
}

/* ---- gathering ---- */

static int add(struct wl_custody_items *items, const struct wl_entry *e)
{
	if (items->n == items->room) {
		size_t room = items->room ? 2 * items->room : 64;
		struct wl_custody_item *v = realloc(items->v, room * sizeof(*v));
		if (!v)
			return -ENOMEM;
		items->v = v;
		items->room = room;
	}
	struct wl_custody_item *i = &items->v[items->n++];
	*i = (struct wl_custody_item){.seq = e->seq};
	(void)snprintf(i->item, sizeof(i->item), "%s", TEXT(e, ITEM));
	(void)snprintf(i->name, sizeof(i->name), "%s", TEXT(e, OUTPUT_NAME));
	(void)snprintf(i->sha256, sizeof(i->sha256), "%s",
	               HAS(e, SEALED_SHA256) ? TEXT(e, SEALED_SHA256) : TEXT(e, OUTPUT_SHA256));
	return 0;
}

static bool is_of(const struct wl_entry *e, const char *output)
{
	return e->draft.event == WL_E_ITEM_DECIDED && strcmp(TEXT(e, OUTPUT), output) == 0 &&
	       strcmp(TEXT(e, VERDICT), "pass") == 0;
}

static bool is_inspection(const struct wl_entry *e, const struct wl_entry *intent)
{
	return e->draft.event == WL_E_TRANSFER_INSPECTED &&
	       strcmp(TEXT(e, OUTPUT), TEXT(intent, OUTPUT)) == 0 &&
	       strcmp(TEXT(e, MANIFEST_SHA256), TEXT(intent, MANIFEST_SHA256)) == 0;
}

static int gather(struct wl_ledger *l, const struct wl_entry *intent,
                  struct wl_custody_items *items)
{
	uint64_t from = 0, seq;
	int r;

	while ((r = wl_facts_next_entry(l->facts, from, intent->draft.transfer, &seq)) > 0 &&
	       seq < intent->seq) {
		WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
		int error = wl_ledger_entry(l, seq, &e);
		if (error == 0 && is_inspection(&e, intent))
			items->inspected_seq = seq;
		if (error == 0 && is_of(&e, TEXT(intent, OUTPUT)))
			error = add(items, &e);
		if (error < 0)
			return error;
		from = seq + 1;
	}
	return r < 0 ? r : 0;
}

/* ---- against the manifest ---- */

/* Equal: they say the same of the same. */
static int same(const void *a, const void *b)
{
	const struct wl_custody_item *x = a, *y = b;
	int order = strcmp(x->item, y->item);

	order = order ? order : strcmp(x->name, y->name);
	return order ? order : strcmp(x->sha256, y->sha256);
}

static int by_item(const void *a, const void *b)
{
	const struct wl_custody_item *x = a, *y = b;
	int order = same(a, b);

	return order ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

static int by_name(const void *a, const void *b)
{
	const struct wl_custody_item *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Of those that say the same, the last. */
static void drop_repeated(struct wl_custody_items *items)
{
	size_t kept = 0;

	for (size_t i = 0; i < items->n; i++) {
		struct wl_custody_item *last = kept ? &items->v[kept - 1] : NULL;
		if (last && same(last, &items->v[i]) == 0)
			*last = items->v[i];
		else
			items->v[kept++] = items->v[i];
	}
	items->n = kept;
}

struct match {
	struct wl_custody_items *items;
	size_t lines;
	struct wl_finding *finding;
};

static int match_line(void *user, const struct wl_manifest_line *line)
{
	struct match *m = user;
	struct wl_custody_item key = {.seq = 0}, *found;
	const char *slash = strrchr(line->path, '/');
	size_t n, end = strlen(SEALED_ENDING);

	if (line->verdict != WL_PASS)
		return 0;
	m->lines++;
	(void)snprintf(key.item, sizeof(key.item), "%s", line->item);
	(void)snprintf(key.sha256, sizeof(key.sha256), "%s", line->sha256);
	n = (size_t)snprintf(key.name, sizeof(key.name), "%s", slash ? slash + 1 : line->path);
	if (n < sizeof(key.name) && n > end && strcmp(key.name + n - end, SEALED_ENDING) == 0)
		key.name[n - end] = '\0';
	found = m->items->n ? bsearch(&key, m->items->v, m->items->n, sizeof(key), same) : NULL;
	if (!found || found->in_manifest)
		return wrong(m->finding, line->item, "no entry says how it was decided");
	found->in_manifest = true;
	return 0;
}

static int match_manifest(struct wl_ledger *l, const struct wl_entry *intent,
                          struct wl_custody_items *items, struct wl_finding *f)
{
	WL_AUTO_CLOSE int fd = -1;
	struct match m = {.items = items, .finding = f};
	size_t kept = 0;
	int r = wl_manifest_open(l->dirfd, TEXT(intent, MANIFEST_SHA256), &fd);

	if (r == 0)
		r = wl_manifest_walk(fd, intent->draft.transfer, match_line, &m, f);
	if (r < 0)
		return r;
	for (size_t i = 0; i < items->n; i++)
		if (items->v[i].in_manifest)
			items->v[kept++] = items->v[i];
	items->n = kept;
	return m.lines ? 0 : wrong(f, intent->draft.transfer, "its manifest delivers nothing");
}

/* ---- what each must say ---- */

static int check_item(struct wl_ledger *l, const struct wl_custody_item *i, bool evidence,
                      bool *ret_sealed, struct wl_finding *f)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	int r = wl_ledger_entry(l, i->seq, &e);

	if (r < 0)
		return r;
	*ret_sealed = HAS(&e, SEALED_SHA256);
	if (!HAS(&e, OUTPUT_NAME) || !HAS(&e, OUTPUT_BYTES) || !HAS(&e, OUTPUT_SHA256) ||
	    HAS(&e, SEALED_SHA256) != HAS(&e, SEALED_BYTES))
		return wrong(f, i->item, "its entry does not say what left");
	if (evidence && (!HAS(&e, SOURCE_SHA256) ||
	                 strcmp(TEXT(&e, SOURCE_SHA256), TEXT(&e, OUTPUT_SHA256)) != 0))
		return wrong(f, i->item, "its entry does not say that it left bit for bit");
	if (!evidence && (!HAS(&e, SAMPLES_SHA256) || !HAS(&e, WIDTH) || !HAS(&e, HEIGHT) ||
	                  !HAS(&e, BITS) || !HAS(&e, CHANNELS)))
		return wrong(f, i->item, "its entry does not say what was rebuilt");
	return 0;
}

int wl_custody_items_load(struct wl_ledger *l, const struct wl_entry *intent, bool evidence,
                          struct wl_custody_items *ret, struct wl_finding *f)
{
	int r = gather(l, intent, ret);

	if (r < 0)
		return r;
	if (ret->n > 0)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_item);
	drop_repeated(ret);
	r = match_manifest(l, intent, ret, f);
	if (r == 0 && ret->n > 0)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		bool sealed = false;
		r = check_item(l, &ret->v[i], evidence, &sealed, f);
		if (r == 0 && i > 0 && sealed != ret->sealed)
			r = wrong(f, ret->v[i].item, "some are encrypted, and this is otherwise");
		ret->sealed = sealed;
	}
	return r;
}
