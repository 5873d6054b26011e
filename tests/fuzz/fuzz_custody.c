/*
 * The readers of a bag's custody record and of its receipt on any bytes, as a recipient is handed
 * them on a stick. The first byte says which: the record is held against a payload of two files,
 * the receipt against a station's key that the seeds are signed with. What passes must say what it
 * is compared with, word for word.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/bag_check.h"
#include "client/receipt.h"
#include "daemon/base/cleanup.h"
#include "tests/fuzz/bag_keys.h"

#define RECEIPT 'r'

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"data/scrubbed/STN3-T000042.00001.png",
                                    "data/scrubbed/STN3-T000042.00002.png"};

static void make_payload(struct wl_bag_check *c)
{
	c->folder = -1;
	c->payload.v = calloc(2, sizeof(*c->payload.v));
	if (!c->payload.v)
		abort();
	for (; c->payload.n < 2; c->payload.n++) {
		struct wl_bag_line *line = &c->payload.v[c->payload.n];
		(void)snprintf(line->path, sizeof(line->path), "%s", names[c->payload.n]);
		memset(line->digest, 0x11 * (int)(c->payload.n + 1), sizeof(line->digest));
		if (wl_items_add(&c->items, line->path, strlen(line->path), false, 7 + c->payload.n,
		                 0) < 0)
			abort();
	}
	wl_items_number(&c->items);
	(void)snprintf(c->date, sizeof(c->date), "2026-11-23");
	(void)snprintf(c->transfer, sizeof(c->transfer), "STN3-T000042");
	(void)snprintf(c->output, sizeof(c->output), "scrubbed");
}

static void read_record(const uint8_t *data, size_t size)
{
	WL_CLEANUP(wl_bag_check_clear) struct wl_bag_check c = {.folder = -1};

	make_payload(&c);
	wl_bag_record_compare(&c, data, size);
	if (c.findings > 0)
		return;
	const json_t *items = json_object_get(c.record, "items");
	assert(strcmp(wl_bag_record_text(&c, "transfer"), "STN3-T000042") == 0);
	assert(strcmp(wl_bag_record_text(&c, "output"), "scrubbed") == 0);
	assert(json_array_size(items) == 2);
}

static void read_receipt(const char *text, size_t size)
{
	struct wl_receipt receipt = {.entry = NULL};
	struct wl_finding f = {.rule = WL_RULE_NONE};
	int r = wl_receipt_check(text, size, FUZZ_VKEY, &receipt, &f);

	assert(r == 0 || (r == -EBADMSG && f.rule == WL_RULE_BAG_RECEIPT));
	if (r == 0)
		assert(receipt.index < receipt.size && receipt.entry);
	json_decref(receipt.entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] != RECEIPT) {
		read_record(data + 1, size - 1);
		return 0;
	}
	WL_AUTO_FREE char *text = malloc(size); /* a NUL behind the bytes, as from a file */
	if (!text)
		abort();
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	read_receipt(text, size - 1);
	return 0;
}
