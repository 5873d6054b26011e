/* The Merkle tree against its definition: roots by plain recursion, proofs for every pair of small
 * sizes, and that no changed proof is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/ledger/merkle.h"

#define LEAVES 70U

static struct wl_hash leaves[LEAVES];

static void make_leaves(void)
{
	for (unsigned i = 0; i < LEAVES; i++) {
		char entry[16];
		int n = snprintf(entry, sizeof(entry), "entry %u", i);
		assert_int_equal(wl_merkle_leaf(entry, (size_t)n, &leaves[i]), 0);
	}
}

/* RFC 6962 2.1 word for word. */
static struct wl_hash plain_root(unsigned begin, unsigned n)
{
	struct wl_hash left, right, root;
	unsigned k = 1;

	if (n == 1)
		return leaves[begin];
	while (k * 2 < n)
		k *= 2;
	left = plain_root(begin, k);
	right = plain_root(begin + k, n - k);
	assert_int_equal(wl_merkle_node(&left, &right, &root), 0);
	return root;
}

static int get(void *user, unsigned height, uint64_t index, struct wl_hash *ret)
{
	unsigned n = 1U << height;

	(void)user;
	assert_true((index + 1) * n <= LEAVES);
	*ret = plain_root((unsigned)index * n, n);
	return 0;
}

static void known_values(void **state)
{
	struct wl_hash h;
	char hex[65], b64[48];

	(void)state;
	assert_int_equal(wl_merkle_empty(&h), 0);
	wl_base64_encode(h.b, sizeof(h.b), b64);
	assert_string_equal(b64, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
	assert_int_equal(wl_merkle_leaf("", 0, &h), 0);
	wl_hex_encode(h.b, sizeof(h.b), hex);
	assert_string_equal(hex,
	                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

static void roots(void **state)
{
	struct wl_hash h, want;

	(void)state;
	for (unsigned n = 1; n <= LEAVES; n++) {
		assert_int_equal(wl_merkle_root(get, NULL, n, &h), 0);
		want = plain_root(0, n);
		assert_memory_equal(h.b, want.b, sizeof(h.b));
	}
}

static void inclusion(void **state)
{
	struct wl_proof p;

	(void)state;
	for (unsigned n = 1; n <= LEAVES; n++) {
		struct wl_hash root = plain_root(0, n);
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(wl_merkle_prove_inclusion(get, NULL, i, n, &p), 0);
			assert_int_equal(wl_merkle_check_inclusion(&p, i, n, &leaves[i], &root), 0);
			assert_int_equal(wl_merkle_check_inclusion(
			                         &p, i, n, &leaves[(i + 1) % LEAVES], &root),
			                 -EBADMSG);
			if (p.n == 0)
				continue;
			p.hash[p.n / 2].b[3] ^= 1;
			assert_int_equal(wl_merkle_check_inclusion(&p, i, n, &leaves[i], &root),
			                 -EBADMSG);
			p.hash[p.n / 2].b[3] ^= 1;
			p.n--;
			assert_int_equal(wl_merkle_check_inclusion(&p, i, n, &leaves[i], &root),
			                 -EBADMSG);
		}
	}
	assert_int_equal(wl_merkle_prove_inclusion(get, NULL, 5, 5, &p), -ERANGE);
	assert_int_equal(wl_merkle_check_inclusion(&p, 5, 5, &leaves[0], &leaves[0]), -EBADMSG);
}

static void consistency(void **state)
{
	struct wl_proof p;

	(void)state;
	for (unsigned n = 1; n <= LEAVES; n++)
		for (unsigned m = 1; m <= n; m++) {
			struct wl_hash old = plain_root(0, m), root = plain_root(0, n), bad = old;
			assert_int_equal(wl_merkle_prove_consistency(get, NULL, m, n, &p), 0);
			assert_int_equal(wl_merkle_check_consistency(&p, m, n, &old, &root), 0);
			bad.b[0] ^= 0x80;
			assert_int_equal(wl_merkle_check_consistency(&p, m, n, &bad, &root),
			                 -EBADMSG);
			assert_int_equal(wl_merkle_check_consistency(&p, m, n, &old, &bad),
			                 -EBADMSG);
			if (p.n == 0)
				continue;
			p.n--;
			assert_int_equal(wl_merkle_check_consistency(&p, m, n, &old, &root),
			                 -EBADMSG);
		}
	assert_int_equal(wl_merkle_prove_consistency(get, NULL, 0, 5, &p), -ERANGE);
	assert_int_equal(wl_merkle_prove_consistency(get, NULL, 6, 5, &p), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(known_values),
	        cmocka_unit_test(roots),
	        cmocka_unit_test(inclusion),
	        cmocka_unit_test(consistency),
	};

	make_leaves();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
