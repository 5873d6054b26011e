/*
 * The auditor's countersignature.
 *
 * It says: at this time this was the largest consistent tree I had seen of this station. So it is
 * made only after everything was found good, and the caller's memory sees to it that none is made
 * for a smaller or a forked tree. The private key is the auditor's own file: one that others can
 * read is refused. What is written goes to a medium through a new file that is renamed.
 */
#include "verify/cosign.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "verify/files.h"
#include "verify/say.h"

void verify_cosigner_clear(struct verify_cosigner *c)
{
	EVP_PKEY_free(c->private_key);
	c->private_key = NULL;
}

static EVP_PKEY *read_private(const char *path)
{
	BIO *bio = BIO_new_file(path, "r");
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return key;
}

/* The name the book gives to this public key. */
static const char *name_in_book(const struct verify_book *b, const uint8_t public_key[32])
{
	if (!b)
		return NULL;
	for (unsigned i = 0; i < b->cosigners; i++)
		if (memcmp(b->known[i].public_key, public_key, 32) == 0)
			return b->known[i].name;
	for (unsigned i = 0; i < b->requireds; i++)
		if (memcmp(b->required[i].public_key, public_key, 32) == 0)
			return b->required[i].name;
	return NULL;
}

int verify_cosigner_load(const char *path, const char *name, const struct verify_book *book,
                         struct verify_cosigner *ret)
{
	uint8_t public_key[32];
	size_t n = sizeof(public_key);
	struct stat st;
	int r = 0;

	if (stat(path, &st) < 0)
		return -errno;
	if (st.st_mode & 077)
		return -EPERM;
	ret->private_key = read_private(path);
	if (!ret->private_key || EVP_PKEY_get_id(ret->private_key) != EVP_PKEY_ED25519 ||
	    EVP_PKEY_get_raw_public_key(ret->private_key, public_key, &n) != 1 ||
	    n != sizeof(public_key))
		r = -EINVAL;
	if (r == 0 && !name)
		name = name_in_book(book, public_key);
	if (r == 0)
		r = name ? verify_key_make(name, VERIFY_TYPE_COSIGNATURE, public_key, &ret->key)
		         : -ENOENT;
	if (r < 0)
		verify_cosigner_clear(ret);
	return r;
}

int verify_cosigner_write(const struct verify_cosigner *c, const char *dir,
                          const struct verify_result *result, uint64_t when)
{
	static uint8_t note[VERIFY_NOTE_BYTES_MAX + 512];
	char line[VERIFY_VKEY_MAX + 160];
	size_t text, sigs;
	int fd, r = verify_note_split(result->note, result->note_bytes, &text, &sigs);

	if (r == 0)
		r = verify_cosignature_make(c->private_key, &c->key, result->note, text, when, line,
		                            sizeof(line));
	if (r < 0)
		return r;
	memcpy(note, result->note, result->note_bytes);
	memcpy(note + result->note_bytes, line, strlen(line));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = verify_file_replace(fd, VERIFY_COSIGNATURE_FILE, note,
	                        result->note_bytes + strlen(line));
	(void)close(fd);
	return r;
}

int verify_vkey_main(int argc, char **argv)
{
	static const struct option list[] = {{"name", required_argument, NULL, 'n'}, {0}};
	struct verify_cosigner c = {.private_key = NULL};
	const char *name = NULL;
	char text[VERIFY_VKEY_MAX];
	int ch, r;

	while ((ch = getopt_long(argc, argv, "", list, NULL)) == 'n')
		name = optarg;
	if (ch != -1 || !name || optind + 1 != argc) {
		fputs(_("usage: weighlock-verify vkey --name NAME KEY.pem\n"), stderr);
		return 2;
	}
	r = verify_cosigner_load(argv[optind], name, NULL, &c);
	if (r < 0) {
		fprintf(stderr, _("weighlock-verify: %s: no Ed25519 key of yours alone: %s\n"),
		        argv[optind], strerror(-r));
		return 2;
	}
	verify_key_print(&c.key, text, sizeof(text));
	puts(text);
	verify_cosigner_clear(&c);
	return 0;
}
