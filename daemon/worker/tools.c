/*
 * Which libraries the tools work with, as they themselves say (requirement C-12).
 *
 * Runs in worker-tool, in the process of the job. ISA-L has no way of being asked: the version is
 * that of the headers this was built with. Nothing hostile is looked at here. Power: no state.
 */
#include <stdio.h>

#include <isa-l.h>
#include <openssl/crypto.h>

#include "daemon/worker/kinds.h"

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)
#define ISAL       TEXT(ISAL_MAJOR_VERSION) "." TEXT(ISAL_MINOR_VERSION) "." TEXT(ISAL_PATCH_VERSION)

const char *wl_picture_tools(void)
{
	static char said[96];

	(void)snprintf(said, sizeof(said), "isa-l " ISAL ",OpenSSL %s",
	               OpenSSL_version(OPENSSL_VERSION_STRING));
	return said;
}

const char *wl_seal_tools(void)
{
	static char said[64];

	(void)snprintf(said, sizeof(said), "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
	return said;
}
