/*
 * The strict reader of signature files, and the tool's reader of signed attributes, on any bytes.
 *
 * What the reader lets pass must be inside its limits and lie inside the file; the tool's reader
 * must never find the digest it was given in attributes of another content.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "daemon/base/sha256.h"
#include "daemon/update/cms_attributes.h"
#include "daemon/update/cms_prepare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct wl_bytes part, const uint8_t *data, size_t size)
{
	assert(part.n == 0 || (part.p >= data && part.n <= size && part.p + part.n <= data + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t digest[WL_SHA256_BYTES], set[WL_SIGNATURE_ATTRIBUTES_BYTES_MAX];
	struct wl_finding f;
	struct wl_cms cms;
	enum wl_key_type key;

	/* of the input itself, so that no input can hold it */
	if (wl_sha256_of(data, size, digest) < 0)
		abort();
	(void)wl_spki_type((struct wl_bytes){data, size}, &key, &f);
	(void)wl_cms_match_attributes((struct wl_bytes){data, size}, (struct wl_bytes){digest, 32},
	                              &f);
	if (wl_cms_prepare((struct wl_bytes){data, size}, &cms, &f) < 0) {
		assert(f.rule != WL_RULE_NONE);
		return 0;
	}
	assert(cms.nsigners >= 1 && cms.nsigners <= WL_SIGNATURE_SIGNERS_MAX);
	for (unsigned i = 0; i < cms.ncertificates; i++)
		check_inside(cms.certificate[i], data, size);
	for (unsigned i = 0; i < cms.nsigners; i++) {
		const struct wl_cms_signer *s = &cms.signer[i];
		size_t n = wl_cms_attributes_set(s, set);

		check_inside(s->attributes, data, size);
		check_inside(s->signature, data, size);
		assert(n <= sizeof(set) && s->signature.n <= WL_SIGNATURE_VALUE_BYTES_MAX);
		/* what was let pass has one content type and one digest, only not this one */
		assert(wl_cms_match_attributes((struct wl_bytes){set, n},
		                               (struct wl_bytes){digest, 32}, &f) == -EBADMSG);
		assert(f.rule == WL_RULE_SIGNATURE_MISMATCH);
	}
	return 0;
}
