/*
 * The files a policy names, and whether the policy belongs to this station.
 *
 * The certificate files lie beside policy.yaml and are covered by its signature only through their
 * digests, so until they are compared here they are anybody's bytes: base64 is decoded, strictly
 * and bounded, and no ASN.1 is read. A file that nobody names is refused too: the set that was
 * signed is closed. Runs in the broker and in the offline client.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "policy/errors.h"
#include "policy/model.h"
#include "policy/words.h"

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END   "-----END CERTIFICATE-----"

bool wl_policy_file_name_is_plain(const char *name, size_t n)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789._-";

	if (n == 0 || n > WL_POLICY_FILE_NAME_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!memchr(allowed, name[i], sizeof(allowed) - 1))
			return false;
	return true;
}

bool wl_policy_file_is_wanted(const char *name, size_t n)
{
	static const char *const whole[] = {"policy.yaml", "policy.yaml.p7s"};
	static const char *const endings[] = {".pem", ".crt", ".cer", ".der"};

	for (size_t i = 0; i < WL_ARRAY_LEN(whole); i++)
		if (n == strlen(whole[i]) && !memcmp(name, whole[i], n))
			return true;
	for (size_t i = 0; i < WL_ARRAY_LEN(endings); i++)
		if (n > 4 && !memcmp(name + n - 4, endings[i], 4))
			return wl_policy_file_name_is_plain(name, n);
	return false;
}

/* Where `word` begins in the n bytes at p; NULL where it does not. */
static const char *find_in(const char *p, size_t n, const char *word)
{
	return n > 0 ? memmem(p, n, word, strlen(word)) : NULL;
}

/* The base64 of the one block, without its line ends. */
static int pem_body(const char *p, size_t n, char **ret, size_t *ret_n)
{
	const char *begin = find_in(p, n, PEM_BEGIN);
	if (!begin)
		return -EBADMSG;
	begin += strlen(PEM_BEGIN);
	size_t left = n - (size_t)(begin - p);
	const char *end = find_in(begin, left, PEM_END);
	if (!end)
		return -EBADMSG;
	const char *after = end + strlen(PEM_END);
	if (find_in(after, n - (size_t)(after - p), PEM_BEGIN))
		return -EBADMSG;
	WL_AUTO_FREE char *body = malloc((size_t)(end - begin) + 1);
	if (!body)
		return -ENOMEM;
	size_t length = 0;
	for (const char *c = begin; c < end; c++)
		if (*c != '\n' && *c != '\r')
			body[length++] = *c;
	*ret = TAKE_PTR(body);
	*ret_n = length;
	return 0;
}

int wl_policy_der_digest(const void *p, size_t n, uint8_t ret[WL_SHA256_BYTES])
{
	if (n > WL_CERTIFICATE_FILE_BYTES_MAX || n < 4)
		return -EBADMSG;
	if (((const uint8_t *)p)[0] == 0x30) /* a SEQUENCE: DER */
		return wl_sha256_of(p, n, ret);
	WL_AUTO_FREE char *body = NULL;
	size_t body_n;
	int r = pem_body(p, n, &body, &body_n);
	if (r < 0)
		return r;
	WL_AUTO_FREE uint8_t *der = malloc(body_n + 1);
	size_t der_n;
	if (!der)
		return -ENOMEM;
	if (wl_base64_decode(body, body_n, der, body_n + 1, &der_n) < 0 || der_n == 0)
		return -EBADMSG;
	return wl_sha256_of(der, der_n, ret);
}

static const char *trust_file(const struct wl_policy_trust *t)
{
	return t->certificate ? t->certificate : t->issuer;
}

size_t wl_policy_files(const struct wl_policy *p, const char **names, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < p->ntrust; i++) {
		const char *file = trust_file(&p->trust[i]);
		bool known = !file;
		for (size_t j = 0; j < i && !known; j++) {
			const char *other = trust_file(&p->trust[j]);
			known = other && strcmp(other, file) == 0;
		}
		if (known)
			continue;
		if (n < max)
			names[n] = file;
		n++;
	}
	return n;
}

static const struct wl_policy_file *find_file(const struct wl_policy_file *files, size_t n,
                                              const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	return NULL;
}

static void complain(struct wl_policy_errors *e, const struct wl_policy_trust *t, const char *text,
                     const char *word, const char *expected)
{
	char key[WL_POLICY_WORD_MAX + 1];
	(void)snprintf(key, sizeof(key), "trust.%s", t->id);
	wl_policy_errors_add(e, &(struct wl_policy_complaint){.rule = WL_RULE_POLICY_REFERENCE,
	                                                      .line = t->line,
	                                                      .column = t->column,
	                                                      .text = text,
	                                                      .key = key,
	                                                      .word = word,
	                                                      .expected = expected});
}

static void check_one(const struct wl_policy_trust *t, const struct wl_policy_file *f,
                      struct wl_policy_errors *e)
{
	const char *name = trust_file(t);
	char hex[WL_SHA256_HEX + 1];
	if (!f) {
		complain(e, t, N_("{key} names the file \"{word}\", which is not there"), name,
		         NULL);
	} else if (!f->readable) {
		complain(e, t, N_("{key}: the file \"{word}\" is no certificate in PEM or DER"),
		         name, NULL);
	} else if (memcmp(f->sha256, t->sha256, WL_SHA256_BYTES) != 0) {
		wl_hex_encode(f->sha256, WL_SHA256_BYTES, hex);
		complain(e, t, N_("{key}: the file \"{word}\" has another digest: {expected}"),
		         name, hex);
	}
}

int wl_policy_check_files(const struct wl_policy *p, const struct wl_policy_file *files, size_t n,
                          struct wl_policy_errors *errors)
{
	size_t before = errors->errors;
	for (size_t i = 0; i < p->ntrust; i++) {
		const char *name = trust_file(&p->trust[i]);
		if (name)
			check_one(&p->trust[i], find_file(files, n, name), errors);
	}
	for (size_t i = 0; i < n; i++) {
		bool known = strcmp(files[i].name, "policy.yaml") == 0 ||
		             strcmp(files[i].name, "policy.yaml.p7s") == 0;
		for (size_t j = 0; j < p->ntrust && !known; j++) {
			const char *name = trust_file(&p->trust[j]);
			known = name && strcmp(name, files[i].name) == 0;
		}
		if (!known)
			wl_policy_errors_add(
			        errors,
			        &(struct wl_policy_complaint){
			                .rule = WL_RULE_POLICY_REFERENCE,
			                .text = N_("the policy does not name the file \"{word}\""),
			                .word = files[i].name});
	}
	return errors->errors > before ? -EBADMSG : 0;
}

int wl_policy_check_station(const struct wl_policy *p, const char *station, const char *origin,
                            uint64_t version, struct wl_policy_errors *errors)
{
	size_t before = errors->errors;
	struct wl_policy_complaint c = {.rule = WL_RULE_POLICY_REFERENCE,
	                                .line = p->station.line,
	                                .column = p->station.column};
	if (strcmp(p->station.id, station) != 0) {
		c.key = "station.id";
		c.word = p->station.id;
		c.expected = station;
		c.text = N_("{key} is {word}, but this station is {expected}");
		wl_policy_errors_add(errors, &c);
	}
	if (strcmp(p->station.origin, origin) != 0) {
		c.key = "station.origin";
		c.word = p->station.origin;
		c.expected = origin;
		c.text = N_("{key} is {word}, but the ledger of this station began as {expected}");
		wl_policy_errors_add(errors, &c);
	}
	if (p->version <= version) {
		char here[24], there[24];
		(void)snprintf(there, sizeof(there), "%llu", (unsigned long long)p->version);
		(void)snprintf(here, sizeof(here), "%llu", (unsigned long long)version);
		c = (struct wl_policy_complaint){
		        .rule = WL_RULE_POLICY_VERSION_FLOOR,
		        .key = "version",
		        .word = there,
		        .expected = here,
		        .text = N_("{key} {word} is not above {expected}, the one in force: "
		                   "versions only go up")};
		wl_policy_errors_add(errors, &c);
	}
	return errors->errors > before ? -EBADMSG : 0;
}
