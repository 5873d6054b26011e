/* What stands in the {places} of a rule's sentences, from what the broker knows. */
#ifndef WL_BROKER_RULE_ARGS_H
#define WL_BROKER_RULE_ARGS_H

#include <jansson.h>

#include "daemon/broker/transfer.h"

/* Of a transfer (NULL: none) and optionally one of its files: path, detail and port may be NULL. A
 * new object of texts; a place nothing is known for stands as a dash. */
json_t *wl_rule_args(const struct wl_transfer *t, const char *path, const char *detail,
                     const char *port);

#endif
