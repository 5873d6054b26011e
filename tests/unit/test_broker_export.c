/* Exports in the broker: entries of two outputs folded, what a medium is asked for, out/ of the
 * vault, a second reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/delivery.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/listing.h"
#include "daemon/broker/transfer.h"

#define T  "STN3-T000042"
#define M1 "1111111111111111111111111111111111111111111111111111111111111111"
#define M2 "2222222222222222222222222222222222222222222222222222222222222222"

static struct wl_transfer *t;
static json_int_t seq;

static int setup(void **state)
{
	(void)state;
	t = wl_transfer_new();
	seq = 0;
	return t ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	t = wl_transfer_free(t);
	return 0;
}

/* Applies an event with data written with ' for ". */
static void apply(const char *event, const char *data, enum wl_state state)
{
	char text[1024];
	(void)snprintf(text, sizeof(text),
	               "{'event':'%s','actor':'invest-1','seq':%d,'station':'STN3','time':"
	               "'2026-11-23T02:53:34Z','transfer':'" T "','data':{%s}}",
	               event, (int)seq++, data);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	json_t *entry = json_loads(text, 0, NULL);
	assert_non_null(entry);
	assert_int_equal(wl_transfer_apply(t, entry, 1), 0);
	json_decref(entry);
	assert_int_equal(t->state, state);
}

#define GATE "'gate':'a','insertion':'STN3-I000001','port':'a1','purpose':'read'"
#define SCRUBBED(verdict)                                                                          \
	"'output':'scrubbed','verdict':'" verdict "','rule':'pass.image-rebuilt','holds':[],"      \
	"'files':2,'refused':0,'left':2,'manifest_sha256':'" M1 "','bytes':5"
#define EVIDENCE                                                                                   \
	"'output':'evidence','verdict':'hold','rule':'transfer.incomplete','holds':"               \
	"['transfer.incomplete'],'files':2,'refused':0,'left':2,'manifest_sha256':'" M2            \
	"','bytes':7"
#define APPROVED                                                                                   \
	"'until':'2026-11-23T10:00:00Z','manifests_sha256':[],'accepted':[],'method':'account'"

static void to_inspecting(void)
{
	apply("transfer.opened",
	      "'direction':'outbound','device':'x-0042','outputs':['scrubbed','evidence'],"
	      "'case':'C1'",
	      WL_OPENED);
	apply("gate.opened", GATE, WL_READING);
	apply("gate.shut", GATE ",'bytes':5,'reason':'complete'", WL_INSPECTING);
	apply("transfer.preserved", "'files':2,'bytes':12,'oldest_seen':'2026-10-26T00:00:00Z'",
	      WL_INSPECTING);
}

static void to_waiting(void)
{
	to_inspecting();
	apply("transfer.inspected", SCRUBBED("pass"), WL_INSPECTING);
	apply("transfer.inspected", EVIDENCE, WL_WAITING);
}

static void decided_with_the_last_output(void **state)
{
	(void)state;
	to_waiting();
	assert_true(t->outbound);
	assert_true(t->preserved);
	assert_int_equal(t->readings, 1);
	assert_int_equal(t->preserved_files, 2);
	assert_string_equal(t->oldest_seen, "2026-10-26T00:00:00Z");
	assert_int_equal(t->rule, WL_RULE_TRANSFER_INCOMPLETE); /* what asks most of a person */
	assert_int_equal(t->noutputs, 2);
}

/* Power went between the two: the first one's entry comes a second time. */
static void a_decision_made_again(void **state)
{
	(void)state;
	to_inspecting();
	apply("transfer.inspected", SCRUBBED("pass"), WL_INSPECTING);
	apply("transfer.inspected", SCRUBBED("pass"), WL_INSPECTING);
	apply("transfer.inspected", EVIDENCE, WL_WAITING);
	assert_int_equal(t->noutputs, 2);
}

static void released_when_every_output_is(void **state)
{
	(void)state;
	to_waiting();
	apply("transfer.approved", APPROVED, WL_APPROVED);
	apply("release.intent", "'output':'scrubbed','medium':'?9f3c51a2b07e'", WL_RELEASING);
	assert_string_equal(t->intent, "STN3#7");
	apply("release.written", "'intent':'STN3#7','bag_sha256':'" M1 "'", WL_RELEASING);
	apply("release.done", "'intent':'STN3#7'", WL_APPROVED);
	apply("release.intent", "'output':'evidence','medium':'?9f3c51a2b07e'", WL_RELEASING);
	apply("release.failed", "'intent':'STN3#10','rule':'destination.gone','bytes':0",
	      WL_APPROVED);
	apply("release.intent", "'output':'evidence','medium':'?9f3c51a2b07e'", WL_RELEASING);
	apply("release.written", "'intent':'STN3#12','bag_sha256':'" M2 "'", WL_RELEASING);
	apply("release.done", "'intent':'STN3#12'", WL_RELEASED);
	apply("transfer.acknowledged", "'output':'evidence'", WL_RELEASED);
	apply("transfer.acknowledged", "'output':'scrubbed'", WL_ACKNOWLEDGED);
	assert_string_equal(t->outputs[1].bag_sha256, M2);
}

static void an_output_that_left_nothing_is_not_waited_for(void **state)
{
	(void)state;
	to_inspecting();
	apply("transfer.inspected", SCRUBBED("refuse"), WL_INSPECTING);
	apply("transfer.inspected", EVIDENCE, WL_WAITING);
	apply("transfer.approved", APPROVED, WL_APPROVED);
	apply("release.intent", "'output':'evidence','medium':'?9f3c51a2b07e'", WL_RELEASING);
	apply("release.done", "'intent':'STN3#7'", WL_RELEASED);
	apply("transfer.acknowledged", "'output':'evidence'", WL_ACKNOWLEDGED);
}

static void more_is_read(void **state)
{
	(void)state;
	to_waiting();
	apply("transfer.retried",
	      "'from':'waiting','to':'opened','cause':'more is read','scans':['118833']",
	      WL_OPENED);
	assert_int_equal(json_array_size(t->added), 1);
	apply("gate.opened", GATE, WL_READING);
	assert_false(t->preserved);
	apply("gate.shut", GATE ",'bytes':5,'reason':'complete'", WL_INSPECTING);
	apply("transfer.preserved", "'files':1,'bytes':3", WL_INSPECTING);
	assert_int_equal(t->readings, 2);
	assert_int_equal(t->preserved_files, 3);
	assert_string_equal(t->oldest_seen, "2026-10-26T00:00:00Z");
	apply("transfer.inspected", SCRUBBED("pass"), WL_INSPECTING); /* both anew */
	apply("transfer.inspected", EVIDENCE, WL_WAITING);
}

/* ---- what is asked for ---- */

static void only_what_was_asked_for_is_chosen(void **state)
{
	static const char *const paths[] = {"20261116/118820_A.png", "20261116/118821_A.png",
	                                    "20261116/readme.txt",
	                                    "System Volume Information/IndexerVolumeGuid"};
	char pattern[] = "{date}/{scan}_{view}.*";
	struct wl_policy_device device = {.scan_path = pattern};
	struct wl_selection asked = {0};
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	bool chosen[6] = {true, true, true, true, true, true};

	(void)state;
	assert_int_equal(wl_items_add(&items, "20261116", 8, true, 0, 0), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(wl_items_add(&items, paths[i], strlen(paths[i]), false, 76, 0), 0);
	wl_items_number(&items);
	assert_int_equal(wl_scan_list_add(&asked.scans, "118821..118830"), 0);
	assert_int_equal(wl_export_choose(&device, &asked, &items, chosen), 1);
	for (size_t i = 0; i < items.n; i++)
		assert_int_equal(chosen[i], !strcmp(items.v[i].path, paths[1]));
	assert_int_equal(wl_export_choose(NULL, &asked, &items, chosen), 0);
	device.scan_path = NULL;
	assert_int_equal(wl_export_choose(&device, &asked, &items, chosen), 0);
}

/* ---- the vault ---- */

static struct wl_vault vault;
static char place[] = "/tmp/wl_export.XXXXXX";

static int vault_setup(void **state)
{
	(void)state;
	(void)strcpy(place, "/tmp/wl_export.XXXXXX");
	return mkdtemp(place) && wl_vault_open(&vault, place) == 0 ? wl_vault_begin(&vault, T) : -1;
}

static int vault_teardown(void **state)
{
	uint64_t items, bytes;
	(void)state;
	(void)wl_vault_delete(&vault, T, &items, &bytes);
	wl_vault_close(&vault);
	return rmdir(place);
}

static void write_file(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

static void out_holds_what_leaves(void **state)
{
	char name[WL_VAULT_NAME_MAX + 1], too_long[WL_VAULT_NAME_MAX + 2];
	uint64_t used = 0, room = 0;
	int fd = -1;

	(void)state;
	wl_export_out_name("scrubbed", "data/scrubbed/" T ".00003.png", name);
	assert_string_equal(name, "scrubbed." T ".00003.png");
	assert_int_equal(wl_vault_out_create(&vault, T, "work.00001.00000", &fd), 0);
	write_file(fd, "picture");
	assert_int_equal(wl_vault_out_create(&vault, T, "work.00001.00000", &fd), -EEXIST);
	assert_int_equal(wl_vault_out_rename(&vault, T, "work.00001.00000", name), 0);
	assert_int_equal(wl_vault_out_open(&vault, T, "work.00001.00000", &fd), -ENOENT);
	assert_int_equal(wl_vault_out_seal(&vault, T), 0);
	assert_int_equal(wl_vault_out_open(&vault, T, name, &fd), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(wl_vault_room(&vault, 100, &used, &room), 0);
	assert_int_equal(used, 7); /* it counts */
	assert_int_equal(wl_vault_out_create(&vault, T, "../item/00001", &fd), -EINVAL);
	assert_int_equal(wl_vault_out_create(&vault, T, "..", &fd), -EINVAL);
	assert_int_equal(wl_vault_out_open(&vault, T, "", &fd), -EINVAL);
	memset(too_long, 'x', sizeof(too_long));
	too_long[WL_VAULT_NAME_MAX + 1] = '\0';
	assert_int_equal(wl_vault_out_open(&vault, T, too_long, &fd), -EINVAL);
	assert_int_equal(wl_vault_out_open(&vault, T, too_long + 1, &fd), -ENOENT);
	assert_int_equal(wl_vault_out_begin(&vault, T), 0);
	assert_int_equal(wl_vault_out_remove(&vault, T, name), -ENOENT);
}

static void save_reading(unsigned reading, const char *path, const char *second)
{
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	uint8_t sha256[WL_SHA256_BYTES] = {7};

	assert_int_equal(wl_items_add(&items, path, strlen(path), false, 5, 0), 0);
	assert_int_equal(wl_items_add(&items, second, strlen(second), false, 5, 0), 0);
	wl_items_number(&items);
	wl_item_set_digest(wl_items_find(&items, path, strlen(path)), sha256, "head", 4);
	assert_int_equal(wl_listing_save(&vault, T, reading, &items), 0);
}

/* Items of the second reading come behind those of the first, whatever their names. */
static void a_second_reading_counts_on(void **state)
{
	WL_CLEANUP(wl_items_clear) struct wl_items all = {0};
	uint32_t base = 9;
	int fd = -1;

	(void)state;
	save_reading(1, "z/1_A.png", "z/2_A.png");
	save_reading(2, "a/1_A.png", "b/3_A.png");
	assert_int_equal(wl_listing_load_all(&vault, T, 2, &all, &base), 0);
	assert_int_equal(all.n, 4);
	assert_int_equal(base, 2);
	assert_int_equal(all.v[2].number, 3);
	assert_string_equal(all.v[2].path, "a/1_A.png");
	assert_true(all.v[2].has_sha256);
	assert_false(all.v[3].has_sha256);
	wl_items_clear(&all);
	assert_int_equal(wl_listing_load_all(&vault, T, 3, &all, &base), -ENOENT);
	for (uint32_t n = 1; n <= 3; n++) {
		assert_int_equal(wl_vault_item_create(&vault, T, n, &fd), 0);
		assert_int_equal(close(fd), 0);
	}
	assert_int_equal(wl_vault_items_drop(&vault, T, 2), 0);
	assert_int_equal(wl_vault_item_open(&vault, T, 2, &fd), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(wl_vault_item_open(&vault, T, 3, &fd), -ENOENT);
}

static void each_output_has_its_manifest(void **state)
{
	char name[WL_ID_TEXT + 16];

	(void)state;
	wl_delivery_manifest_name("delivery", name);
	assert_string_equal(name, "out/manifest");
	wl_delivery_manifest_name("scrubbed", name);
	assert_string_equal(name, "out/manifest.scrubbed");
}

#define FOLD(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)
#define VAULT(f) cmocka_unit_test_setup_teardown(f, vault_setup, vault_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        FOLD(decided_with_the_last_output),
	        FOLD(a_decision_made_again),
	        FOLD(released_when_every_output_is),
	        FOLD(an_output_that_left_nothing_is_not_waited_for),
	        FOLD(more_is_read),
	        cmocka_unit_test(only_what_was_asked_for_is_chosen),
	        VAULT(out_holds_what_leaves),
	        VAULT(a_second_reading_counts_on),
	        cmocka_unit_test(each_output_has_its_manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
