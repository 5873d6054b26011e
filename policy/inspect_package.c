/*
 * What belongs to a package: its manifest, its signatures, its ticket, its archives; found by name.
 *
 * Names come from the medium. They only decide which file is handed to which worker as what; a
 * wrong guess can refuse the set (a file is left over, a signature does not fit), never pass it.
 * Pure; runs in the broker and in the offline client.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "policy/inspect_parts.h"

#define MANIFEST_NAME    "MANIFEST.sha256"
#define SIGNATURE_SUFFIX ".p7s"

void *wl_inspect_array_add(struct array *a, size_t size)
{
	if (a->n == a->room) {
		size_t room = a->room ? 2 * a->room : 8;
		void *v = realloc(a->v, room * size);
		if (!v)
			return NULL;
		a->v = v;
		a->room = room;
	}
	void *at = (char *)a->v + a->n++ * size;
	memset(at, 0, size);
	return at;
}

static bool ends_with(const struct wl_item *item, const char *suffix)
{
	size_t n = strlen(suffix);
	return item->path_n > n && memcmp(item->path + item->path_n - n, suffix, n) == 0;
}

static bool begins_with(const struct wl_item *item, const char *prefix, size_t n)
{
	return item->path_n > n && memcmp(item->path, prefix, n) == 0;
}

/* Directly in `folder` ("" or "F/")? */
static bool lies_in(const struct wl_item *item, const char *folder)
{
	size_t n = strlen(folder);
	return item->path_n > n && memcmp(item->path, folder, n) == 0 &&
	       !memchr(item->path + n, '/', item->path_n - n);
}

/* PREFIX….p7s in the same folder. */
static bool is_signature_of(const struct wl_item *item, const char *prefix, size_t n)
{
	return !item->folder && ends_with(item, SIGNATURE_SUFFIX) && begins_with(item, prefix, n) &&
	       item->path_n >= n + strlen(SIGNATURE_SUFFIX) &&
	       !memchr(item->path + n, '/', item->path_n - n);
}

static const struct wl_items *items_of(const struct wl_inspect *i, enum wl_place place)
{
	return place == WL_PLACE_STORE ? i->in.store : i->in.items;
}

static void mark_signature(struct wl_inspect *i, enum wl_place place, const struct wl_item *item)
{
	if (place == WL_PLACE_MEDIUM)
		i->item_facts[item - i->in.items->v].signature = true;
}

static void add_signature(struct wl_inspect *i, struct content *c, const struct wl_item *item)
{
	mark_signature(i, c->place, item);
	if (c->fact.signatures < CONTENT_SIGNATURES_MAX)
		c->signatures[c->fact.signatures++] = item;
}

/* Every PREFIX….p7s becomes a signature of the content. */
static void add_signatures(struct wl_inspect *i, struct content *c, const char *prefix, size_t n)
{
	const struct wl_items *items = items_of(i, c->place);
	for (size_t k = 0; k < items->n; k++)
		if (is_signature_of(&items->v[k], prefix, n))
			add_signature(i, c, &items->v[k]);
}

/* ---- ticket ---- */

static const struct wl_item *first_ticket(const struct wl_items *items, const char *folder)
{
	for (size_t k = 0; items && k < items->n; k++)
		if (!items->v[k].folder && ends_with(&items->v[k], WL_TICKET_SUFFIX) &&
		    (lies_in(&items->v[k], "") || (folder[0] && lies_in(&items->v[k], folder))))
			return &items->v[k];
	return NULL;
}

/* "F/" of the vendor's package; "" at the root. free() it. */
static char *package_folder(const struct wl_inspect *i)
{
	uint8_t raw[256];
	size_t n = 0;
	if (i->vendor && i->vendor->folder &&
	    wl_path_unescape(i->vendor->folder, raw, sizeof(raw) - 1, &n) == 0)
		raw[n++] = '/';
	return strndup((const char *)raw, n);
}

static void mark_signatures(struct wl_inspect *i, const struct wl_item *ticket)
{
	const struct wl_items *items = i->in.items;
	for (size_t k = 0; k < items->n; k++)
		if (is_signature_of(&items->v[k], ticket->path, ticket->path_n - strlen("json")))
			i->item_facts[k].signature = true;
}

/* The ticket's parts on the medium; a copy of the one kept at the station is part of the package
 * too. */
static void mark_ticket(struct wl_inspect *i)
{
	const struct wl_items *items = i->in.items;
	for (size_t k = 0; i->ticket_item && k < items->n; k++) {
		const struct wl_item *item = &items->v[k];
		if (item->folder || !ends_with(item, WL_TICKET_SUFFIX) || !item->has_sha256 ||
		    memcmp(item->sha256, i->ticket_item->sha256, WL_SHA256_BYTES) != 0)
			continue;
		i->item_facts[k].ticket = true;
		mark_signatures(i, item);
	}
}

int wl_inspect_find_ticket(struct wl_inspect *i)
{
	WL_AUTO_FREE char *folder = package_folder(i);
	if (!folder)
		return -ENOMEM;
	i->ticket_place = WL_PLACE_STORE;
	i->ticket_item = first_ticket(i->in.store, "");
	if (!i->ticket_item) {
		i->ticket_place = WL_PLACE_MEDIUM;
		i->ticket_item = first_ticket(i->in.items, folder);
	}
	if (!i->ticket_item)
		return 0;
	struct content *c = wl_inspect_array_add(&i->contents, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fact.role = WL_TRUST_AUTHORITY;
	c->place = i->ticket_place;
	c->item = i->ticket_item;
	/* NAME.ticket.N.p7s */
	add_signatures(i, c, c->item->path, c->item->path_n - strlen("json"));
	i->facts.ticket_present = true;
	i->facts.ticket_from_medium = i->ticket_place == WL_PLACE_MEDIUM;
	return 0;
}

/* ---- what the vendor signs ---- */

static const struct wl_ticket_file *ticket_file(const struct wl_ticket *t,
                                                const struct wl_item *item)
{
	for (size_t k = 0; t && k < t->nfiles; k++)
		if (t->files[k].raw_n == item->path_n &&
		    memcmp(t->files[k].raw, item->path, item->path_n) == 0)
			return &t->files[k];
	return NULL;
}

static struct content *add_vendor_content(struct wl_inspect *i, const struct wl_item *item)
{
	struct content *c = wl_inspect_array_add(&i->contents, sizeof(*c));
	if (!c)
		return NULL;
	c->fact.role = WL_TRUST_VENDOR;
	c->fact.item = item->number;
	c->place = WL_PLACE_MEDIUM;
	c->item = item;
	return c;
}

static int find_manifest(struct wl_inspect *i, bool *ret_found)
{
	WL_AUTO_FREE char *folder = package_folder(i);
	char path[300];
	if (!folder)
		return -ENOMEM;
	int n = snprintf(path, sizeof(path), "%s%s", folder, MANIFEST_NAME);
	const struct wl_item *item = wl_items_find(i->in.items, path, (size_t)n);
	*ret_found = item && !item->folder;
	if (!*ret_found)
		return 0;
	struct content *c = add_vendor_content(i, item);
	if (!c)
		return -ENOMEM;
	c->manifest = true;
	i->item_facts[item - i->in.items->v].manifest = true;
	add_signatures(i, c, path, (size_t)n);
	return 0;
}

/* The signature of one file: the one the ticket names, else FILE.p7s beside it. */
static const struct wl_item *signature_of_file(const struct wl_inspect *i,
                                               const struct wl_item *item, bool has_manifest)
{
	const struct wl_ticket_file *t = ticket_file(i->ticket, item);
	char path[WL_VOLUME_PATH_BYTES_MAX + sizeof(SIGNATURE_SUFFIX)];
	const struct wl_item *found = NULL;
	size_t n;
	if (t && t->signature) {
		uint8_t raw[WL_VOLUME_PATH_BYTES_MAX];
		if (wl_path_unescape(t->signature, raw, sizeof(raw), &n) == 0)
			found = wl_items_find(i->in.items, raw, n);
	} else if (!has_manifest && item->path_n <= WL_VOLUME_PATH_BYTES_MAX) {
		memcpy(path, item->path, item->path_n);
		memcpy(path + item->path_n, SIGNATURE_SUFFIX, sizeof(SIGNATURE_SUFFIX));
		found = wl_items_find(i->in.items, path, item->path_n + strlen(SIGNATURE_SUFFIX));
	}
	return found && !found->folder && found != item ? found : NULL;
}

static int find_signed_files(struct wl_inspect *i, bool has_manifest)
{
	for (size_t k = 0; k < i->in.items->n; k++) {
		const struct wl_item *item = &i->in.items->v[k];
		const struct wl_fact_item *fact = &i->item_facts[k];
		if (item->folder || fact->ticket || fact->signature || fact->manifest)
			continue;
		const struct wl_item *signature = signature_of_file(i, item, has_manifest);
		if (!signature)
			continue;
		struct content *c = add_vendor_content(i, item);
		if (!c)
			return -ENOMEM;
		add_signature(i, c, signature);
	}
	return 0;
}

int wl_inspect_find_contents(struct wl_inspect *i)
{
	bool has_manifest = false;
	struct content *all = i->contents.v;
	if (i->contents.n > 0 && all[0].fact.role == WL_TRUST_AUTHORITY)
		i->contents.n = 1;
	else
		i->contents.n = 0;
	for (size_t k = 0; k < i->in.items->n; k++)
		i->item_facts[k].manifest = i->item_facts[k].signature = false;
	mark_ticket(i);
	if (!i->vendor || i->vendor->signature == WL_SIGNED_NONE)
		return 0;
	int r = find_manifest(i, &has_manifest);
	return r < 0 ? r : find_signed_files(i, has_manifest);
}

/* ---- archives ---- */

static const struct {
	const char *suffix;
	enum wl_archive_format format;
} suffixes[] = {
        {".tar.gz", WL_ARCHIVE_TAR_GZIP},
        {".tgz", WL_ARCHIVE_TAR_GZIP},
        {".tar", WL_ARCHIVE_TAR},
        {".zip", WL_ARCHIVE_ZIP},
};

/* In any case: to whoever opens it on a scanner, A.Zip is an archive like a.zip. */
static bool is_named_like(const struct wl_item *item, const char *suffix)
{
	size_t n = strlen(suffix);
	return item->path_n > n && strncasecmp(item->path + item->path_n - n, suffix, n) == 0;
}

/* The format is what the name says, for the ticket or the signed manifest names the file; bytes
 * that are something else are then refused, not guessed at. */
bool wl_inspect_is_archive(const struct wl_inspect *i, size_t index, enum wl_archive_format *ret)
{
	const struct wl_item *item = &i->in.items->v[index];
	const struct wl_ticket_file *t = ticket_file(i->ticket, item);
	*ret = 0;
	for (size_t k = 0; k < WL_ARRAY_LEN(suffixes) && *ret == 0; k++)
		if (is_named_like(item, suffixes[k].suffix))
			*ret = suffixes[k].format;
	if (item->folder)
		return false;
	if (i->ticket)
		return t && t->unpack == WL_UNPACK_INSPECT;
	return *ret != 0 && i->item_facts[index].vendor_covered;
}

/* ---- manifest lines ---- */

/* The item a claimed line means: relative to the manifest's folder, a leading "./" allowed. */
static const struct wl_item *item_of_line(const struct wl_inspect *i,
                                          const struct content *manifest, const struct line *line)
{
	size_t folder = manifest->item->path_n - strlen(MANIFEST_NAME);
	size_t skip = line->path_n > 2 && memcmp(line->path, "./", 2) == 0 ? 2 : 0;
	size_t n = folder + line->path_n - skip;
	WL_AUTO_FREE char *path = malloc(n + 1);
	if (!path)
		return NULL;
	memcpy(path, manifest->item->path, folder);
	memcpy(path + folder, line->path + skip, line->path_n - skip);
	const struct wl_item *item = wl_items_find(i->in.items, path, n);
	return item && !item->folder ? item : NULL;
}

static int complain(struct wl_inspect *i, enum wl_rule rule, uint32_t item, const struct line *line)
{
	struct wl_finding finding;
	char shown[120];
	wl_text_escape(line->path, line->path_n, shown, sizeof(shown));
	(void)wl_refuse(&finding, rule, "%s", shown);
	return wl_inspect_find(i, item, &finding);
}

static int expect_line(struct wl_inspect *i, const struct content *manifest,
                       const struct line *line, FILE *out)
{
	char hex[WL_SHA256_HEX + 1];
	const struct wl_item *item = item_of_line(i, manifest, line);
	if (!item)
		return complain(i, WL_RULE_UPDATE_FILE_MISSING, 0, line);
	if (!item->has_sha256 || memcmp(item->sha256, line->sha256, WL_SHA256_BYTES) != 0)
		return complain(i, WL_RULE_UPDATE_FILE_CHANGED, item->number, line);
	wl_hex_encode(item->sha256, WL_SHA256_BYTES, hex);
	(void)fprintf(out, "%s  ", hex);
	(void)fwrite(line->path, 1, line->path_n, out);
	(void)fputc('\n', out);
	return 0;
}

int wl_inspect_expect_lines(struct wl_inspect *i, const struct content *manifest)
{
	const struct line *lines = i->lines.v;
	free(i->expected);
	i->expected = NULL;
	FILE *out = open_memstream(&i->expected, &i->expected_n);
	if (!out)
		return -ENOMEM;
	int r = 0;
	for (size_t k = 0; k < i->lines.n && r >= 0; k++)
		r = expect_line(i, manifest, &lines[k], out);
	bool bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad)
		return -ENOMEM;
	return r;
}

void wl_inspect_cover_lines(struct wl_inspect *i, const struct content *manifest)
{
	const struct line *lines = i->lines.v;
	for (size_t k = 0; k < i->lines.n; k++) {
		const struct wl_item *item = item_of_line(i, manifest, &lines[k]);
		if (item)
			i->item_facts[item - i->in.items->v].vendor_covered = true;
	}
}

/* ---- several tickets at the station ---- */

/* How well a ticket suits what lies there: whole, else by files present, else by their names. */
struct fit {
	bool whole;
	size_t present, named;
};

static struct fit fit_of(const struct wl_ticket *t, const struct wl_items *items)
{
	struct fit fit = {0};
	for (size_t k = 0; k < t->nfiles; k++) {
		const struct wl_item *item =
		        wl_items_find(items, t->files[k].raw, t->files[k].raw_n);
		if (!item || item->folder)
			continue;
		fit.named++;
		fit.present += item->has_sha256 &&
		               memcmp(item->sha256, t->files[k].sha256, WL_SHA256_BYTES) == 0;
	}
	fit.whole = fit.present == t->nfiles;
	return fit;
}

static int compare_fits(const struct fit *a, const struct fit *b)
{
	if (a->whole != b->whole)
		return a->whole ? 1 : -1;
	if (a->whole)
		return 0;
	if (a->present != b->present)
		return a->present > b->present ? 1 : -1;
	return (a->named > b->named) - (a->named < b->named);
}

int wl_inspect_choose_ticket(const struct wl_policy_device *device,
                             const struct wl_ticket *const *tickets, size_t n,
                             const struct wl_items *items)
{
	int best = -1;
	struct fit best_fit = {0};
	for (size_t k = 0; k < n; k++) {
		struct fit fit = fit_of(tickets[k], items);
		if (fit.named == 0 || !wl_ticket_names_device(tickets[k], device))
			continue;
		int c = best < 0 ? 1 : compare_fits(&fit, &best_fit);
		if (c < 0 || (c == 0 && tickets[k]->issued_at <= tickets[best]->issued_at))
			continue;
		best = (int)k;
		best_fit = fit;
	}
	/* what lies on the medium may have its own ticket with it: then only a whole fit is better
	 */
	if (best >= 0 && !best_fit.whole)
		for (size_t k = 0; k < items->n; k++)
			if (!items->v[k].folder && ends_with(&items->v[k], WL_TICKET_SUFFIX))
				return -1;
	return best;
}
