/* The auditor's countersignature: C2SP cosignature/v1 under her own Ed25519 key. */
#ifndef WL_VERIFY_COSIGN_H
#define WL_VERIFY_COSIGN_H

#include <openssl/types.h>

#include "verify/book.h"
#include "verify/ledger_dir.h"

#define VERIFY_COSIGNATURE_FILE "cosignature.txt"

/* An auditor's key: both halves and the name it signs under. */
struct verify_cosigner {
	EVP_PKEY *private_key;
	struct verify_key key;
};

/*
 * Reads an Ed25519 key in PEM. Its name is `name`, or, where that is NULL, the one the book gives
 * to this key. 0; -EPERM where others can read the file, -EINVAL where it is no such key, -ENOENT
 * where nobody says its name.
 */
int verify_cosigner_load(const char *path, const char *name, const struct verify_book *book,
                         struct verify_cosigner *ret);
void verify_cosigner_clear(struct verify_cosigner *c);

/* Writes dir/cosignature.txt: the checkpoint as it lies, and one more signature line. 0 or negative
 * errno. The caller has verified everything. */
int verify_cosigner_write(const struct verify_cosigner *c, const char *dir,
                          const struct verify_result *result, uint64_t when);

/* `weighlock-verify vkey --name NAME KEY`: prints the line that policies and books want. */
int verify_vkey_main(int argc, char **argv);

#endif
