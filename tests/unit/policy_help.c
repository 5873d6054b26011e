/* What the tests of policy/ share. */
#include "tests/unit/policy_help.h"

#include "daemon/base/fdio.h"

#include <fcntl.h>

char *help_read(const char *name, size_t *ret_n)
{
	char path[512];
	void *p;
	const char *srcdir = getenv("srcdir");
	(void)snprintf(path, sizeof(path), "%s/tests/unit/%s", srcdir ? srcdir : ".", name);
	assert_int_equal(wl_file_read(AT_FDCWD, path, 1 << 20, &p, ret_n), 0);
	return p;
}

char *help_edit(const char *text, const char *find, const char *replace)
{
	if (!find)
		return strdup(text);
	const char *at = strstr(text, find);
	if (!at)
		fail_msg("not in the text: %s", find);
	char *all = malloc(strlen(text) + strlen(replace) + 1);
	assert_non_null(all);
	size_t n = (size_t)(at - text);
	memcpy(all, text, n);
	(void)sprintf(all + n, "%s%s", replace, at + strlen(find));
	return all;
}

struct wl_policy *help_policy(const char *find, const char *replace)
{
	size_t n;
	char *golden = help_read("policy_golden.yaml", &n);
	char *text = help_edit(golden, find, replace);
	struct wl_policy *p = NULL;
	static struct wl_policy_errors errors;
	char words[300];
	if (wl_policy_read(text, strlen(text), &p, &errors) < 0) {
		wl_policy_error_render(&errors.v[0], words, sizeof(words));
		fail_msg("line %u: %s", errors.v[0].line, words);
	}
	free(golden);
	free(text);
	return p;
}

void help_add(struct wl_items *items, const char *path, const char *text)
{
	size_t n = strlen(path);
	bool folder = path[n - 1] == '/';
	assert_int_equal(wl_items_add(items, path, folder ? n - 1 : n, folder,
	                              text ? strlen(text) : 0, (uint64_t)(uintptr_t)text),
	                 0);
}

const char *help_text(const struct wl_item *item)
{
	return (const char *)(uintptr_t)item->cookie;
}

void help_number(struct wl_items *items)
{
	wl_items_number(items);
	for (size_t i = 0; i < items->n; i++) {
		uint8_t digest[WL_SHA256_BYTES];
		struct wl_item *item = &items->v[i];
		const char *text = help_text(item);
		if (item->folder || !text)
			continue;
		assert_int_equal(wl_sha256_of(text, strlen(text), digest), 0);
		wl_item_set_digest(item, digest, text, strlen(text));
	}
}

void help_digest(uint8_t fill, uint8_t ret[WL_SHA256_BYTES])
{
	memset(ret, fill, WL_SHA256_BYTES);
}

struct wl_ticket *help_ticket(void)
{
	static const char *const serials[] = {"X-0042", "X-0043"};
	uint8_t key[WL_SHA256_BYTES];
	struct wl_ticket *t = wl_ticket_new();
	assert_non_null(t);
	strcpy(t->id, "AA-2026-0117");
	strcpy(t->authority, "assessing-authority");
	strcpy(t->vendor, "acme");
	strcpy(t->component, "scan-app");
	t->issued_at = HELP_NOW - 20 * 86400;
	t->not_before = HELP_NOW - 10 * 86400;
	t->not_after = HELP_NOW + 100 * 86400;
	t->release = 40201;
	t->release_from = 40100;
	t->uses_per_device = 1;
	t->vendor_signature = WL_SIGNED_CMS_DETACHED;
	help_digest(HELP_KEY, key);
	assert_int_equal(wl_ticket_set_version(t, "4.2.1"), 0);
	assert_int_equal(wl_ticket_add_device(t, "x100", serials, 2), 0);
	assert_int_equal(wl_ticket_add_key(t, key), 0);
	return t;
}

void help_list(struct wl_ticket *t, const char *path, const char *text, const char *signature,
               bool inspect, bool deliver)
{
	uint8_t digest[WL_SHA256_BYTES];
	assert_int_equal(wl_sha256_of(text, strlen(text), digest), 0);
	assert_int_equal(wl_ticket_add_file(t, path, strlen(path), strlen(text), digest, signature,
	                                    inspect ? WL_UNPACK_INSPECT : WL_UNPACK_NONE, deliver),
	                 0);
}

char *help_ticket_text(const struct wl_ticket *t)
{
	struct wl_finding finding;
	char *text;
	size_t n;
	if (wl_ticket_write(t, &text, &n, &finding) < 0)
		fail_msg("%s: %s", wl_rule_id(finding.rule), finding.detail);
	return text;
}
