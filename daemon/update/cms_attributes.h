/*
 * Signed attributes (RFC 5652 5.3, 11): the bytes a CMS signature really covers.
 *
 * Two readers: the parser's, which refuses what is not in order, and the tool's, which compares
 * bytes and is the only one whose answer counts.
 */
#ifndef WL_UPDATE_CMS_ATTRIBUTES_H
#define WL_UPDATE_CMS_ATTRIBUTES_H

#include "daemon/base/finding.h"
#include "daemon/base/message.h"
#include "daemon/update/der.h"

/*
 * The content of signedAttrs (without its tag): a sorted SET OF Attribute, no type twice, one
 * contentType of id-data and one messageDigest as long as the digest, each with one value.
 * 0, or -EBADMSG with signature.no-signed-attributes, signature.attribute-duplicate,
 * signature.not-signed-data (contentType says something else than plain data) or
 * signature.unreadable.
 */
int wl_cms_check_attributes(struct wl_bytes content, enum wl_digest_algorithm digest,
                            struct wl_finding *ret_finding);

/*
 * The whole DER SET OF as it was signed: holds exactly one attribute of type contentType, equal
 * byte for byte to "contentType id-data", and exactly one of type messageDigest, equal byte for
 * byte to "messageDigest <content_digest>". 0; -EBADMSG with signature.mismatch (the digest is
 * another, or the type is), signature.no-signed-attributes or signature.attribute-duplicate.
 *
 * Only the top level is walked, by tag and length. A search for the bytes anywhere would let them
 * stand inside another attribute's value.
 */
int wl_cms_match_attributes(struct wl_bytes set, struct wl_bytes content_digest,
                            struct wl_finding *ret_finding);

#endif
