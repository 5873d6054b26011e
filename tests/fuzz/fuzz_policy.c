/* policy.yaml: any bytes are a policy, or errors with a rule and a sentence; never both, never
 * none. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "policy/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wl_policy_errors errors;
	struct wl_policy *p = NULL;
	char words[400];
	int r = wl_policy_read(data, size, &p, &errors);

	assert(r == 0 || r == -EBADMSG);
	assert((r == 0) == (errors.errors == 0) && (r == 0) == (p != NULL));
	for (size_t i = 0; i < errors.n; i++) {
		assert(errors.v[i].rule >= WL_RULE_POLICY_SYNTAX);
		assert(wl_policy_error_render(&errors.v[i], words, sizeof(words)) > 0);
	}
	if (p) {
		/* what a policy promises to everybody who uses it */
		assert(p->inbound.approvals >= 1 && p->grammar == 1 && p->nports > 0);
		for (size_t i = 0; i < p->ndevices; i++)
			assert(wl_policy_vendor(p, p->devices[i].vendor));
	}
	wl_policy_free(p);
	return 0;
}
