/* Notes, keys, checkpoints, receipts: any bytes. A key that is read is printed as it was; a
 * checkpoint has an origin that may be shown; no bytes verify under a key nobody has. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "verify/note.h"
#include "verify/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(const uint8_t *data, size_t size)
{
	char text[VERIFY_VKEY_MAX], *copy = malloc(size + 1);
	struct verify_key key;

	assert(copy);
	memcpy(copy, data, size);
	copy[size] = '\0';
	if (verify_key_parse(copy, &key) == 0) {
		verify_key_print(&key, text, sizeof(text));
		assert(strcmp(text, copy) == 0);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[32];
	struct verify_checkpoint cp;
	struct verify_receipt receipt;
	struct verify_key key;
	size_t text, sigs;

	/* the origin the seeds have, and a public key that is no point of the curve's group of use
	 */
	assert(verify_key_make("test.example/tst1", VERIFY_TYPE_ED25519, zero, &key) == 0);
	if (verify_note_split(data, size, &text, &sigs) == 0)
		assert(text < sigs && sigs < size && data[text] == '\n');
	assert(verify_note_check(data, size, &key, NULL) < 0);
	assert(verify_receipt_read(data, size, &key, &receipt) < 0);
	if (verify_checkpoint_parse(data, size, &cp) == 0)
		for (const char *at = cp.origin; *at; at++)
			assert(*at > ' ' && *at <= '~');
	check_key(data, size);
	return 0;
}
