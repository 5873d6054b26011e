/* The vault and what lies in it; the ports; the digest of a certificate's key against openssl's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/broker/certificate.h"
#include "daemon/broker/listing.h"
#include "daemon/broker/ports.h"

#define T "STN3-T000001"

static char place[] = "/tmp/wl-vault-XXXXXX";
static struct wl_vault vault;

static int setup(void **state)
{
	(void)state;
	strcpy(place + strlen(place) - 6, "XXXXXX");
	return mkdtemp(place) ? wl_vault_open(&vault, place) : -1;
}

static int teardown(void **state)
{
	uint64_t items, bytes;
	(void)state;
	(void)wl_vault_delete(&vault, T, &items, &bytes);
	wl_vault_close(&vault);
	return rmdir(place);
}

static void put_item(uint32_t number, const char *text)
{
	WL_AUTO_CLOSE int fd = -1;
	assert_int_equal(wl_vault_item_create(&vault, T, number, &fd), 0);
	assert_int_equal(wl_write_full(fd, text, strlen(text)), 0);
}

static void test_items(void **state)
{
	(void)state;
	WL_AUTO_CLOSE int fd = -1, again = -1;
	uint64_t items, bytes, used, room;
	struct stat st;
	assert_int_equal(wl_vault_begin(&vault, T), 0);
	put_item(1, "hello");
	assert_int_equal(wl_vault_item_create(&vault, T, 1, &again), -EEXIST);
	assert_int_equal(wl_vault_seal(&vault, T), 0);
	assert_int_equal(wl_vault_item_open(&vault, T, 1, &fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(wl_vault_room(&vault, 105, &used, &room), 0);
	assert_int_equal(used, 5);
	assert_int_equal(wl_vault_size(&vault, T), 5);
	assert_int_equal(wl_vault_size(&vault, "STN3-T000002"), 0);
	assert_true(room <= 100); /* the quota, or less where the disk is full */
	assert_int_equal(wl_vault_room(&vault, 4, &used, &room), 0);
	assert_int_equal(room, 0);
	/* a new reading begins with nothing */
	assert_int_equal(wl_vault_begin(&vault, T), 0);
	assert_int_equal(wl_vault_item_open(&vault, T, 1, &again), -ENOENT);
	put_item(1, "hello");
	put_item(2, "");
	assert_int_equal(wl_vault_delete(&vault, T, &items, &bytes), 0);
	assert_int_equal(items, 2);
	assert_int_equal(bytes, 5);
	assert_int_equal(wl_vault_delete(&vault, T, &items, &bytes), 0); /* none there */
	assert_int_equal(items, 0);
}

static void test_listing(void **state)
{
	(void)state;
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	WL_CLEANUP(wl_items_clear) struct wl_items back = {0};
	static const char odd[] = " a\xc3\xa9 b%.txt";
	uint8_t sha256[WL_SHA256_BYTES];
	bool kept[2] = {false, true};
	assert_int_equal(wl_vault_begin(&vault, T), 0);
	assert_int_equal(wl_items_add(&items, "F", 1, true, 0, 0), 0);
	assert_int_equal(wl_items_add(&items, odd, strlen(odd), false, 5, 0), 0);
	wl_items_number(&items);
	assert_int_equal(wl_sha256_of("hello", 5, sha256), 0);
	wl_item_set_digest(wl_items_find(&items, odd, strlen(odd)), sha256, "hello", 5);
	put_item(1, "hello");
	assert_int_equal(wl_listing_load(&vault, T, &back), -ENOENT);
	assert_int_equal(wl_listing_save(&vault, T, 1, &items), 0);
	assert_int_equal(wl_listing_load(&vault, T, &back), 0);
	assert_int_equal(back.n, 2);
	struct wl_item *item = wl_items_find(&back, odd, strlen(odd));
	assert_non_null(item);
	assert_true(item->has_sha256);
	assert_memory_equal(item->sha256, sha256, sizeof(sha256));
	assert_int_equal(item->head_n, 5);
	kept[item - back.v] = true;
	assert_int_equal(wl_listing_check(&vault, T, &back, kept), 0);
	item->sha256[0] ^= 1;
	assert_int_equal(wl_listing_check(&vault, T, &back, kept), -EBADMSG);
	assert_int_equal(wl_vault_put(&vault, T, "listing", "f - 1 .\n", 8), 0);
	wl_items_clear(&back);
	assert_int_equal(wl_listing_load(&vault, T, &back), -EBADMSG);
}

/* ---- ports ---- */

static struct wl_ports ports;
static struct wl_message message;

static struct wl_port *seen(const char *port, uint64_t diskseq, char gone[WL_ID_TEXT])
{
	wl_message_start(&message, WL_MSG_MEDIA_SEEN, 0);
	wl_message_put_text(&message, WL_T_PORT, port);
	wl_message_put_u64(&message, WL_T_DISKSEQ, diskseq);
	wl_message_put_u64(&message, WL_T_BYTES, 1000);
	wl_message_put_text(&message, WL_T_NAME, "a stick");
	return wl_ports_seen(&ports, &message, gone);
}

static void test_ports(void **state)
{
	(void)state;
	char gone[WL_ID_TEXT];
	struct wl_policy_port two[2] = {{.id = "b1", .use = WL_PORT_DESTINATION},
	                                {.id = "a1", .use = WL_PORT_SOURCE}};
	struct wl_policy policy = {.ports = two, .nports = 2};
	wl_message_init(&message);
	wl_ports_set(&ports, &policy);
	assert_string_equal(ports.v[0].port, "a1");
	assert_null(seen("c1", 5, gone)); /* no port of ours */
	struct wl_port *p = seen("a1", 5, gone);
	assert_non_null(p);
	assert_int_equal(p->medium.medium[0], '?');
	strcpy(p->medium.insertion, "STN3-I000001");
	assert_null(seen("a1", 5, gone)); /* the same stay told again */
	assert_ptr_equal(wl_ports_of_insertion(&ports, "STN3-I000001"), p);
	wl_ports_set(&ports, &policy); /* a new policy keeps what is in the ports */
	assert_non_null(wl_ports_of_insertion(&ports, "STN3-I000001"));
	p = seen("a1", 6, gone); /* another medium without a word in between */
	assert_string_equal(gone, "STN3-I000001");
	assert_string_equal(p->medium.insertion, "");
	wl_message_start(&message, WL_MSG_MEDIA_GONE, 0);
	wl_message_put_text(&message, WL_T_PORT, "a1");
	wl_message_put_u64(&message, WL_T_DISKSEQ, 5); /* late news of the one before */
	wl_ports_gone(&ports, &message, gone);
	assert_true(wl_ports_find(&ports, "a1")->medium.present);
}

static void test_names(void **state)
{
	(void)state;
	static struct wl_names set;
	char name[16];
	for (unsigned i = 0; i <= WL_NAMES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "M-%u", i);
		wl_names_set(&set, name, true);
	}
	assert_int_equal(set.n, WL_NAMES_MAX);
	assert_false(wl_names_has(&set, "M-0")); /* the oldest made room */
	assert_true(wl_names_has(&set, "M-1"));
	wl_names_set(&set, "M-1", false);
	assert_false(wl_names_has(&set, "M-1"));
	assert_int_equal(set.n, WL_NAMES_MAX - 1);
}

/* ---- the key of a certificate: made and hashed by openssl ---- */

static void test_certificate(void **state)
{
	(void)state;
	char pem[8192], hex[65] = "", ours[65];
	uint8_t spki[32];
	if (system("command -v openssl >/dev/null") != 0)
		skip();
	for (int version = 0; version < 2; version++) {
		FILE *p = popen(version ? "openssl req -x509 -newkey ec -pkeyopt "
		                          "ec_paramgen_curve:P-384 -nodes -keyout /dev/null -subj "
		                          "/CN=x -days 2 2>/dev/null"
		                        : "openssl req -x509 -newkey rsa:2048 -nodes -keyout "
		                          "/dev/null -subj /CN=y -days 2 2>/dev/null",
		                "r");
		size_t n = fread(pem, 1, sizeof(pem) - 1, p);
		assert_int_equal(pclose(p), 0);
		pem[n] = '\0';
		WL_AUTO_FREE char *command = NULL;
		assert_true(
		        asprintf(&command,
		                 "echo '%s' | openssl x509 -noout -pubkey | openssl pkey -pubin "
		                 "-outform DER | sha256sum",
		                 pem) > 0);
		p = popen(command, "r");
		assert_int_equal(fread(hex, 1, 64, p), 64);
		(void)pclose(p);
		assert_int_equal(wl_certificate_spki(pem, n, spki), 0);
		wl_hex_encode(spki, sizeof(spki), ours);
		assert_string_equal(ours, hex);
		pem[60] ^= 1;
		assert_int_not_equal(wl_certificate_spki(pem, n / 2, spki), 0);
	}
	assert_int_equal(wl_certificate_spki("", 0, spki), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_items, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_listing, setup, teardown),
	        cmocka_unit_test(test_ports),
	        cmocka_unit_test(test_names),
	        cmocka_unit_test(test_certificate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
