/*
 * Asking ledgerd for exports, comparisons, cosignatures and certificates (weighlockd).
 *
 * What a worker read from a medium goes through here as typed fields; ledgerd composes and verifies
 * it. Nothing is stored; when power goes, the ledger says what was taken in.
 */
#include "daemon/broker/ledger_audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/ledger_private.h"

#define FILES_MAX 200000U /* of an export: more than 20 million entries */

static int nonsense(struct wl_ledger *l, struct wl_finding *f)
{
	wl_part_drop(&l->part);
	return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "ledger: an answer that does not belong");
}

static int take_text(const struct wl_message *m, enum wl_tag tag, char **ret)
{
	struct wl_bytes text = wl_message_bytes(m, tag);

	*ret = strndup(text.n ? (const char *)text.p : "", text.n);
	return *ret ? 0 : -ENOMEM;
}

int wl_ledger_compare(struct wl_ledger *l, const struct wl_claim *c, const char *insertion,
                      char ret_state[17], struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	int r = 0;

	(void)snprintf(ret_state, 17, "foreign");
	for (unsigned i = 0; r == 0 && i < c->nlines && !strcmp(ret_state, "foreign"); i++) {
		if (c->line[i].blob_n != 64 || strcmp(c->line[i].name, c->origin) != 0)
			continue;
		(void)wl_part_start(&l->part, WL_MSG_CHECKPOINT_COMPARE);
		wl_message_put_u64(m, WL_T_SIZE, c->size);
		wl_message_put_bytes(m, WL_T_SIGNATURE, c->line[i].blob, 64);
		if (insertion[0])
			wl_message_put_text(m, WL_T_INSERTION, insertion);
		wl_message_put_text(m, WL_T_ORIGIN, c->origin);
		wl_message_put_sha256(m, WL_T_ROOT_SHA256, c->root);
		r = wl_part_call(&l->part, f);
		if (r == 0)
			(void)snprintf(ret_state, 17, "%s", wl_message_text(m, WL_T_STATE));
	}
	return r;
}

int wl_ledger_cosign(struct wl_ledger *l, const struct wl_claim *c, unsigned i, const char *actor,
                     uid_t uid, uint64_t *ret_seq, struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	uint64_t time = 0;

	for (int k = 0; k < 8; k++)
		time = time << 8 | c->line[i].blob[k];
	(void)wl_part_start(&l->part, WL_MSG_COSIGN);
	wl_message_put_u64(m, WL_T_SIZE, c->size);
	wl_message_put_i64(m, WL_T_TIME, time > INT64_MAX ? -1 : (int64_t)time);
	wl_message_put_bytes(m, WL_T_SIGNATURE, c->line[i].blob + 8, 64);
	wl_message_put_text(m, WL_T_NAME, c->line[i].name);
	wl_message_put_text(m, WL_T_ORIGIN, c->origin);
	wl_message_put_text(m, WL_T_ACTOR, actor);
	wl_message_put_u64(m, WL_T_UID, uid);
	wl_message_put_sha256(m, WL_T_ROOT_SHA256, c->root);
	wl_message_put_bytes(m, WL_T_KEY_ID, c->line[i].key_id, sizeof(c->line[i].key_id));
	int r = wl_part_call(&l->part, f);
	if (r == 0)
		*ret_seq = wl_message_u64(m, WL_T_SEQ);
	return r;
}

int wl_ledger_cosigned(struct wl_ledger *l, char **ret_note, char **ret_pem, struct wl_finding *f)
{
	(void)wl_part_start(&l->part, WL_MSG_COSIGNED);
	int r = wl_part_call(&l->part, f);

	if (r == 0)
		r = take_text(&l->part.message, WL_T_PART, ret_note);
	return r < 0 ? r : take_text(&l->part.message, WL_T_DOCUMENT, ret_pem);
}

/* ---- export ---- */

void wl_export_list_clear(struct wl_export_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].path);
	free(list->v);
	free(list->checkpoint);
	*list = (struct wl_export_list){0};
}

static int add_file(struct wl_export_list *list, const struct wl_message *m)
{
	struct wl_export_file file = {.bytes = wl_message_u64(m, WL_T_SIZE)};

	if (list->n % 1024 == 0) {
		void *grown = realloc(list->v, (list->n + 1024) * sizeof(*list->v));
		if (!grown)
			return -ENOMEM;
		list->v = grown;
	}
	int r = list->n < FILES_MAX ? take_text(m, WL_T_PATH, &file.path) : -EFBIG;
	if (r == 0)
		list->v[list->n++] = file;
	return r;
}

int wl_ledger_export_list(struct wl_ledger *l, bool full, struct wl_export_list *ret,
                          struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	uint32_t serial = wl_part_start(&l->part, WL_MSG_EXPORT_LIST);

	wl_message_put_bool(m, WL_T_FULL, full);
	int r = wl_part_send(&l->part, f);
	while (r == 0) {
		r = wl_part_receive(&l->part, serial, f);
		if (r < 0)
			return r;
		if (m->id == WL_MSG_EXPORT_LIST_REPLY)
			break;
		r = m->id == WL_MSG_EXPORT_FILE ? add_file(ret, m) : nonsense(l, f);
	}
	if (r < 0) {
		wl_part_drop(&l->part); /* the rest of the list is still on its way */
		return r;
	}
	ret->size = wl_message_u64(m, WL_T_SIZE);
	ret->first = wl_message_u64(m, WL_T_FIRST);
	return take_text(m, WL_T_DOCUMENT, &ret->checkpoint);
}

int wl_ledger_export_read(struct wl_ledger *l, uint64_t size, const char *path, int *ret_fd,
                          uint8_t ret_sha256[32], struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;

	(void)wl_part_start(&l->part, WL_MSG_EXPORT_READ);
	wl_message_put_u64(m, WL_T_SIZE, size);
	wl_message_put_bytes(m, WL_T_PATH, path, strlen(path));
	int r = wl_part_call(&l->part, f);
	if (r < 0)
		return r;
	memcpy(ret_sha256, wl_message_sha256(m, WL_T_SHA256), 32);
	*ret_fd = TAKE_FD(m->fd);
	return 0;
}

/* ---- the certificate ---- */

int wl_ledger_csr(struct wl_ledger *l, char **ret_pem, struct wl_finding *f)
{
	(void)wl_part_start(&l->part, WL_MSG_STATION_CSR);
	int r = wl_part_call(&l->part, f);

	return r < 0 ? r : take_text(&l->part.message, WL_T_DOCUMENT, ret_pem);
}

int wl_ledger_cert(struct wl_ledger *l, const void *der, size_t n, const char *actor, uid_t uid,
                   uint64_t *ret_seq, struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;

	(void)wl_part_start(&l->part, WL_MSG_STATION_CERT);
	wl_message_put_text(m, WL_T_ACTOR, actor);
	wl_message_put_u64(m, WL_T_UID, uid);
	wl_message_put_bytes(m, WL_T_DOCUMENT, der, n);
	int r = wl_part_call(&l->part, f);
	if (r == 0)
		*ret_seq = wl_message_u64(m, WL_T_SEQ);
	return r;
}
