/* Partition tables, and what a medium is called that has none of ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/volume/partition.h"
#include "daemon/volume/volume.h"

#define MEDIUM 100000U

struct entry {
	unsigned status, type, start, sectors;
};

struct table_case {
	const char *name, *rule; /* "": found */
	struct entry e[4];
	bool unsigned_sector, gpt_header, is_volume;
};

static const struct table_case cases[] = {
        {"one", "", {{0, 0x0C, 2048, 90000}}, 0, 0, 0},
        {"one, bootable, last", "", {{0}, {0}, {0}, {0x80, 0x06, 63, 5000}}, 0, 0, 0},
        {"to the last sector", "", {{0, 0x0B, 2048, MEDIUM - 2048}}, 0, 0, 0},
        {"empty table", "volume.none", {{0}}, 0, 0, 0},
        {"two", "volume.several", {{0, 0x0C, 2048, 1000}, {0, 0x0C, 4096, 1000}}, 0, 0, 0},
        {"four",
         "volume.several",
         {{0, 1, 10, 5}, {0, 1, 20, 5}, {0, 1, 30, 5}, {0, 1, 40, 5}},
         0,
         0,
         0},
        {"overlap", "volume.table-bad", {{0, 0x0C, 2048, 1000}, {0, 0x0C, 3047, 9}}, 0, 0, 0},
        {"same twice", "volume.table-bad", {{0, 0x0C, 2048, 9}, {0, 0x0C, 2048, 9}}, 0, 0, 0},
        {"one too long", "volume.table-bad", {{0, 0x0C, 2048, MEDIUM - 2047}}, 0, 0, 0},
        {"begins outside", "volume.table-bad", {{0, 0x0C, MEDIUM, 1}}, 0, 0, 0},
        {"huge", "volume.table-bad", {{0, 0x0C, 0xFFFFFFFF, 0xFFFFFFFF}}, 0, 0, 0},
        {"status", "volume.table-bad", {{1, 0x0C, 2048, 1000}}, 0, 0, 0},
        {"no sectors", "volume.table-bad", {{0, 0x0C, 2048, 0}}, 0, 0, 0},
        {"no type", "volume.table-bad", {{0, 0, 2048, 1000}}, 0, 0, 0},
        {"extended 05", "volume.table-bad", {{0, 0x05, 2048, 1000}}, 0, 0, 0},
        {"extended 0F", "volume.table-bad", {{0, 0x0F, 2048, 1000}}, 0, 0, 0},
        {"extended 85", "volume.table-bad", {{0, 0x85, 2048, 1000}}, 0, 0, 0},
        {"starts where the table is", "volume.table-bad", {{0, 0x0C, 0, 1000}}, 0, 0, 0},
        {"GPT", "", {{0, 0xEE, 1, MEDIUM - 1}}, 0, 1, 0},
        {"GPT, as large as can be said", "", {{0, 0xEE, 1, UINT32_MAX}}, 0, 1, 0},
        {"GPT, of another medium", "volume.table-bad", {{0, 0xEE, 1, MEDIUM - 2}}, 0, 1, 0},
        {"GPT, from elsewhere", "volume.table-bad", {{0, 0xEE, 2, MEDIUM - 1}}, 0, 1, 0},
        {"protective only", "volume.table-bad", {{0, 0xEE, 1, MEDIUM - 1}}, 0, 0, 0},
        {"hybrid", "volume.ambiguous", {{0, 0xEE, 1, 99}, {0, 0x0C, 2048, 99}}, 0, 1, 0},
        {"two protective", "volume.ambiguous", {{0, 0xEE, 1, 9}, {0, 0xEE, 1, 9}}, 0, 1, 0},
        {"GPT behind a table", "volume.ambiguous", {{0, 0x0C, 2048, 1000}}, 0, 1, 0},
        {"GPT behind a volume", "volume.ambiguous", {{0}}, 0, 1, 1},
        {"no signature", "volume.unknown", {{0, 0x0C, 2048, 1000}}, 1, 0, 0},
        {"volume", "", {{0}}, 0, 0, 1},
        {"volume with code there", "", {{0x4E, 0x65, 0x20646F6F, 0x666F6F}}, 0, 0, 1},
        {"volume and its own entry", "", {{0x80, 0x0C, 0, MEDIUM}}, 0, 0, 1},
        {"volume and a table", "volume.ambiguous", {{0, 0x0C, 2048, 1000}}, 0, 0, 1},
        {"volume and two", "volume.ambiguous", {{0, 1, 9, 9}, {0, 1, 99, 9}}, 0, 0, 1},
};

static void make(const struct table_case *c, uint8_t first[512], uint8_t second[512])
{
	memset(first, 0, 512);
	memset(second, 0, 512);
	for (size_t i = 0; i < 4; i++) {
		uint8_t *at = first + 446 + 16 * i;
		at[0] = (uint8_t)c->e[i].status;
		at[4] = (uint8_t)c->e[i].type;
		wl_store_u32le(at + 8, c->e[i].start);
		wl_store_u32le(at + 12, c->e[i].sectors);
	}
	if (!c->unsigned_sector)
		wl_store_u16le(first + 510, 0xAA55);
	if (c->gpt_header)
		memcpy(second, "EFI PART", 8);
}

static void test_tables(void **state)
{
	uint8_t first[512], second[512];
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		const struct table_case *c = &cases[i];
		struct wl_finding f = {.rule = WL_RULE_NONE};
		struct wl_partition p = {.sectors = 0};
		make(c, first, second);
		int r = wl_partition_find(first, second, MEDIUM, c->is_volume, &p, &f);
		if (strcmp(wl_rule_id(f.rule), c->rule) != 0 || r != (c->rule[0] ? -EBADMSG : 0))
			fail_msg("%s: %d %s (%s), expected %s", c->name, r, wl_rule_id(f.rule),
			         f.detail, c->rule);
		if (r == 0 && c->gpt_header) {
			assert_string_equal(p.table, "gpt");
			continue;
		}
		if (r == 0 && !c->is_volume)
			for (size_t k = 0; k < 4; k++)
				if (c->e[k].type) {
					assert_int_equal(p.start, c->e[k].start);
					assert_int_equal(p.sectors, c->e[k].sectors);
				}
		if (r == 0 && c->is_volume)
			assert_int_equal(p.start, 0);
	}
}

static int open_bytes(uint64_t bytes, uint64_t at, const char *mark, size_t n, bool in_partition,
                      struct wl_finding *f)
{
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = NULL;
	WL_AUTO_CLOSE int fd = memfd_create("medium", MFD_CLOEXEC);
	uint8_t first[512], second[512];
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	if (in_partition) {
		make(&(struct table_case){.e = {{0, 0x83, 2048, 1000}}}, first, second);
		assert_int_equal(pwrite(fd, first, 512, 0), 512);
		at += 2048U * 512;
	}
	assert_int_equal(pwrite(fd, mark, n, (off_t)at), n);
	assert_int_equal(wl_device_new(fd, bytes, &d), 0);
	return wl_volume_open(d, 100, &v, f);
}

struct mark {
	uint64_t at;
	const char *bytes;
	size_t n;
	const char *rule, *word;
};
#define MARK(at, bytes, rule, word)                                                                \
	{                                                                                          \
		at, bytes, sizeof(bytes) - 1, rule, word                                           \
	}

static const struct mark marks[] = {
        MARK(0, "LUKS\xba\xbe\0\1", "medium.encrypted", "LUKS1"),
        MARK(0, "LUKS\xba\xbe\0\2", "medium.encrypted", "LUKS2"),
        MARK(0, "LUKS\xba\xbe\0\3", "medium.encrypted", "LUKS"),
        MARK(3, "-FVE-FS-", "medium.encrypted", "BitLocker"),
        MARK(3, "ReFS\0\0\0\0", "volume.unknown", "ReFS"),
        MARK(0, "XFSB", "volume.unknown", "XFS"),
        MARK(0, "hsqs", "volume.unknown", "squashfs"),
        MARK(32, "NXSB", "volume.unknown", "APFS"),
        MARK(0, "LABELONE", "volume.unknown", "LVM"),
        MARK(512, "LABELONE", "volume.unknown", "LVM"),
        MARK(1536, "LABELONE", "volume.unknown", "LVM"),
        MARK(1024, "H+\0\4", "volume.unknown", "HFS+"),
        MARK(1024, "HX\0\5", "volume.unknown", "HFSX"),
        MARK(1024, "\xe2\xe1\xf5\xe0", "volume.unknown", "EROFS"),
        MARK(1024, "\x10\x20\xf5\xf2", "volume.unknown", "F2FS"),
        MARK(1024 + 0x38, "\x53\xef", "volume.unknown", "ext4"),
        MARK(4086, "SWAPSPACE2", "volume.unknown", "swap"),
        MARK(4096, "\xfc\x4e\x2b\xa9\1\0\0\0", "volume.unknown", "RAID"),
        MARK(32769, "BEA01", "volume.unknown", "UDF"),
        MARK(65600, "_BHRfS_M", "volume.unknown", "btrfs"),
        MARK(99, "?", "volume.unknown", "known here"),
};

static void test_marks(void **state)
{
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(marks); i++)
		for (int inside = 0; inside <= 1; inside++) {
			struct wl_finding f = {.rule = WL_RULE_NONE};
			int r = open_bytes(4U << 20, marks[i].at, marks[i].bytes, marks[i].n,
			                   inside, &f);
			if (r != -EBADMSG || strcmp(wl_rule_id(f.rule), marks[i].rule) != 0 ||
			    !strstr(f.detail, marks[i].word))
				fail_msg("%s: %d %s (%s)", marks[i].word, r, wl_rule_id(f.rule),
				         f.detail);
		}
}

/* The ends of the medium, where older RAIDs have their marks. */
static void test_marks_at_the_end(void **state)
{
	struct wl_finding f;
	(void)state;
	assert_int_equal(open_bytes(4U << 20, (4U << 20) - 65536, "\xfc\x4e\x2b\xa9", 4, false, &f),
	                 -EBADMSG);
	assert_non_null(strstr(f.detail, "RAID"));
	assert_int_equal(open_bytes(4U << 20, (4U << 20) - 8192, "\xfc\x4e\x2b\xa9", 4, false, &f),
	                 -EBADMSG);
	assert_non_null(strstr(f.detail, "RAID"));
}

/* Bytes without a pattern, from a fixed series. */
static void test_noise(void **state)
{
	static uint8_t noise[8192];
	struct wl_finding f;
	uint64_t x = 88172645463325252U;
	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		noise[i] = (uint8_t)(x >> 32);
	}
	assert_int_equal(open_bytes(4U << 20, 0, (const char *)noise, sizeof(noise), true, &f),
	                 -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "medium.encrypted");
	/* half of it with a byte that keeps coming back is not noise */
	for (size_t i = 0; i < sizeof(noise); i += 2)
		noise[i] = 0x20;
	assert_int_equal(open_bytes(4U << 20, 0, (const char *)noise, sizeof(noise), true, &f),
	                 -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.unknown");
}

static void test_empty_media(void **state)
{
	struct wl_finding f;
	(void)state;
	assert_int_equal(open_bytes(4U << 20, 0, "", 1, false, &f), -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.none");
	assert_int_equal(open_bytes(1023, 0, "", 1, false, &f), -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.none");
	assert_int_equal(open_bytes(1024, 0, "", 1, false, &f), -EBADMSG);
	assert_string_equal(wl_rule_id(f.rule), "volume.none");
}

/* A medium that says it is larger than what can be read. */
static void test_claims_more_than_there_is(void **state)
{
	WL_CLEANUP(wl_device_cleanup) struct wl_device *d = NULL;
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = NULL;
	WL_AUTO_CLOSE int fd = memfd_create("medium", MFD_CLOEXEC);
	struct wl_finding f;
	(void)state;
	assert_int_equal(wl_device_new(fd, UINT64_C(2) << 40, &d), 0);
	assert_int_equal(wl_volume_open(d, 100, &v, &f), -EIO);
	assert_int_equal(wl_device_new(fd, UINT64_MAX, &d), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_tables),
	        cmocka_unit_test(test_marks),
	        cmocka_unit_test(test_marks_at_the_end),
	        cmocka_unit_test(test_noise),
	        cmocka_unit_test(test_empty_media),
	        cmocka_unit_test(test_claims_more_than_there_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
