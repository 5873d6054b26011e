/* What the two halves of the ledger client share. */
#ifndef WL_BROKER_LEDGER_PRIVATE_H
#define WL_BROKER_LEDGER_PRIVATE_H

#include "daemon/broker/ledger_client.h"
#include "daemon/broker/part.h"

struct wl_ledger {
	struct wl_part part;
	char station[9]; /* as ledgerd last said; "" before */
};

#endif
