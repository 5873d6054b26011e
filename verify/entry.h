/*
 * One entry of the ledger, read strictly (weighlock-ledger(5)): the canonical form and no other.
 */
#ifndef WL_VERIFY_ENTRY_H
#define WL_VERIFY_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_MEMBERS_MAX 64

enum verify_type { VERIFY_TEXT = 1, VERIFY_INTEGER, VERIFY_BOOLEAN, VERIFY_LIST };

/* A member: name and value point into the entry and are not NUL-terminated. */
struct verify_member {
	bool in_data; /* of `data`, else of the envelope */
	enum verify_type type;
	const char *name;
	size_t name_n;
	const char *value; /* text and list: what stands between the quotes or brackets */
	size_t value_n;
	int64_t integer; /* also 0 or 1 for booleans */
};

struct verify_entry {
	unsigned n, data_from, data_to; /* those of `data` stand together */
	struct verify_member member[VERIFY_MEMBERS_MAX];
};

/*
 * Reads an entry. 0, or -EBADMSG for anything that is not canonical: members not strictly
 * ascending, a space, a float, null, another escape than \" \\ \uXXXX (lower-case), non-ASCII,
 * nesting other than `data`, trailing bytes. *ret_at says where.
 */
int verify_entry_read(const char *p, size_t n, struct verify_entry *ret, size_t *ret_at);

/* The member, or NULL where it is absent or of another type. */
const struct verify_member *verify_entry_find(const struct verify_entry *e, bool in_data,
                                              const char *name, enum verify_type type);

/*
 * The next element of a list, as it stands between its quotes. *at is 0 before the first call.
 * False after the last one.
 */
bool verify_list_next(const struct verify_member *list, size_t *at, const char **ret,
                      size_t *ret_n);

/*
 * A text member without its escapes, NUL-terminated. 0; -ENOBUFS where it does not fit, -EBADMSG
 * for U+0000 or half of a surrogate pair.
 */
int verify_member_decode(const struct verify_member *m, char *buf, size_t size, size_t *ret_n);

bool verify_member_is(const struct verify_member *m, const char *text); /* m may be NULL */

/* Copies a text member into buf (cut to size): "" where absent. */
void verify_member_copy(const struct verify_member *m, char *buf, size_t size);

#endif
