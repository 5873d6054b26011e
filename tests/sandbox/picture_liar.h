/* What the two lying workers of test_picture share: which lie a picture asks for. */
#ifndef WL_TESTS_PICTURE_LIAR_H
#define WL_TESTS_PICTURE_LIAR_H

#include <string.h>

/* of a source, of its samples and of its output: the same words everywhere */
#define LIAR_BYTES 64

/* "decode twice" and what comes behind it: NULL where `words` are another process's. */
static inline const char *liar_act(const char words[LIAR_BYTES + 1], const char *who)
{
	size_t n = strlen(who);

	return strncmp(words, who, n) == 0 && words[n] == ' ' ? words + n + 1 : NULL;
}

#endif
