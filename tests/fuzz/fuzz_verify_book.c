/* The book of stations: any bytes are refused with a line's number, or are a book whose stations
 * are told apart and whose keys are of their kinds. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "verify/book.h"
#include "verify/enrol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct verify_book book;
	char fingerprint[VERIFY_FINGERPRINT_TEXT];
	unsigned line = 0;
	int r = verify_book_parse((const char *)data, size, &book, &line);

	assert(line >= 1);
	if (r < 0)
		return 0;
	assert(size > 0 && data[size - 1] == '\n');
	for (unsigned i = 0; i < book.stations; i++) {
		struct verify_station *s = &book.station[i];

		assert(s->key.type == VERIFY_TYPE_ED25519);
		assert(verify_book_find(&book, s->key.name) == s);
		assert(verify_fingerprint(&s->key, fingerprint) == 0);
		assert(verify_fingerprint_equal(fingerprint, fingerprint));
		assert(!verify_fingerprint_equal("", fingerprint));
	}
	for (unsigned i = 0; i < book.cosigners; i++)
		assert(book.known[i].type == VERIFY_TYPE_COSIGNATURE);
	return 0;
}
