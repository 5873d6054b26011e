/*
 * The ledger of a made-up station STN3, driven through the same calls the daemon makes. Writes only
 * in a folder of its own.
 */
#include "tests/unit/ledger_fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void fixture_make(struct fixture *x)
{
	*x = (struct fixture){.manifest_fd = -1};
	/* in memory where there is such a place: thousands of fsyncs follow */
	(void)snprintf(x->dir, sizeof(x->dir), "%s/ledger-XXXXXX",
	               access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	CHECK(mkdtemp(x->dir));
}

void fixture_close(struct fixture *x)
{
	x->l = wl_ledger_close(x->l);
}

long fixture_step(long usual)
{
	const char *every = getenv("WL_SPOIL_EVERY");
	long times = every ? strtol(every, NULL, 10) : 1;

	return times > 1 ? usual * times : usual;
}

void fixture_remove(struct fixture *x)
{
	fixture_close(x);
	wl_cleanup_close(&x->manifest_fd);
	(void)nftw(x->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int fixture_open(struct fixture *x)
{
	return wl_ledger_open(x->dir, &x->l, &x->f);
}

void fixture_station(struct fixture *x)
{
	uint8_t spki[WL_SHA256_BYTES] = {0xaa};

	CHECK(fixture_open(x) == 0);
	CHECK(wl_station_init(x->l, "STN3", "stations.example/stn3", 1000, spki) == 0);
	CHECK(wl_station_confirm(x->l, 1001, x->l->id.fingerprint, &x->seq, &x->f) == 0);
}

void fixture_policy(struct fixture *x)
{
	fixture_station(x);
	CHECK(fixture_append(x, "policy.proposed", "uid:1000", 1000, "", "policy_version:=1",
	                     "sha256=" FX_HEX) == 0);
	CHECK(fixture_append(x, "policy.loaded", "uid:1001", 1001, "", "policy_version:=1",
	                     "sha256=" FX_HEX, "approvals_inbound:=1", "approvals_outbound:=1",
	                     "proposed_by=uid:1000") == 0);
}

static int add_member(struct wl_draft *d, const char *word)
{
	const char *eq = strchr(word, '='), *end = eq ? eq : word + strlen(word);
	char kind = end[-1], name[64];
	bool list = kind == ']';
	enum wl_member m;

	(void)snprintf(name, sizeof(name), "%.*s",
	               (int)(end - word - (list ? 2 : (kind == ':' || kind == '?'))), word);
	m = wl_member_find(name);
	if (list)
		return eq ? wl_draft_element(d, m, eq + 1) : wl_draft_empty(d, m);
	if (kind == ':')
		return wl_draft_integer(d, m, strtoll(eq + 1, NULL, 10));
	if (kind == '?')
		return wl_draft_flag(d, m, eq[1] == '1');
	return wl_draft_text(d, m, eq + 1);
}

int fixture_stage(struct fixture *x, const uint8_t *nonce, const char *event, const char *actor,
                  uint64_t uid, const char *transfer, int manifest_fd, ...)
{
	WL_CLEANUP(wl_draft_clear)
	struct wl_draft d = {.event = wl_event_find(event), .uid = uid, .has_policy = true};
	const char *word;
	va_list ap;
	int r = 0;

	(void)snprintf(d.actor, sizeof(d.actor), "%s", actor);
	(void)snprintf(d.transfer, sizeof(d.transfer), "%s", transfer);
	if (nonce)
		memcpy(d.nonce, nonce, sizeof(d.nonce));
	else
		CHECK(RAND_bytes(d.nonce, sizeof(d.nonce)) == 1);
	va_start(ap, manifest_fd);
	while (r == 0 && (word = va_arg(ap, const char *)) != NULL)
		r = *word ? add_member(&d, word) : 0;
	va_end(ap);
	x->f = (struct wl_finding){.rule = WL_RULE_NONE};
	return r < 0 ? r
	             : wl_ledger_append(x->l, &d, manifest_fd, &x->seq, &x->time, &x->known, &x->f);
}

int fixture_commit(struct fixture *x, int staged)
{
	return staged < 0 ? staged : wl_ledger_commit(x->l);
}

static void make_manifest(struct fixture *x, const char *transfer)
{
	uint8_t digest[WL_SHA256_BYTES];
	char text[512];
	int n = snprintf(text, sizeof(text),
	                 FX_HEX
	                 "  67108864  %s.00001  pass  pass.update-covered  update.tar.gz\n" FX_HEX
	                 "  812  %s.00002  leave  leave.not-delivered  LISEZ MOI%%21.TXT\n",
	                 transfer, transfer);

	wl_cleanup_close(&x->manifest_fd);
	CHECK(wl_memfd_sealed("manifest", text, (size_t)n, &x->manifest_fd) == 0);
	CHECK(wl_sha256_of(text, (size_t)n, digest) == 0);
	wl_hex_encode(digest, sizeof(digest), x->manifest_sha256);
}

void fixture_inspected(struct fixture *x, const char *transfer, const char *verdict,
                       const char *hold)
{
	char manifest[128], v[32], h[64];

	make_manifest(x, transfer);
	(void)snprintf(manifest, sizeof(manifest), "manifest_sha256=%s", x->manifest_sha256);
	(void)snprintf(v, sizeof(v), "verdict=%s", verdict);
	(void)snprintf(h, sizeof(h), "holds[]%s%s", hold ? "=" : "", hold ? hold : "");
	CHECK(fixture_append(x, "transfer.opened", "tech-1", 2001, transfer, "direction=inbound",
	                     "device=x-0042", "outputs[]=delivery") == 0);
	CHECK(fixture_commit(x, fixture_stage(x, NULL, "transfer.inspected", "station", 990,
	                                      transfer, x->manifest_fd, "output=delivery", v,
	                                      "rule=pass.update-covered", h, "files:=1",
	                                      "refused:=0", "left:=1", manifest, "bytes:=67108864",
	                                      "component=scan-app", "release:=40201",
	                                      "ticket=AA-2026-0117", NULL)) == 0);
}

void fixture_approved(struct fixture *x, const char *transfer, const char *actor,
                      const char *accept, char buf[WL_ID_TEXT])
{
	char manifest[128], a[64], until[40], when[WL_TIME_TEXT];

	wl_time_format(x->time + 8 * 3600, when);
	(void)snprintf(until, sizeof(until), "until=%s", when);
	(void)snprintf(manifest, sizeof(manifest), "manifests_sha256[]=%s", x->manifest_sha256);
	(void)snprintf(a, sizeof(a), "accepted[]%s%s", accept ? "=" : "", accept ? accept : "");
	CHECK(fixture_append(x, "transfer.approved", actor, 3001, transfer, manifest, a, until,
	                     "method=account") == 0);
	wl_id_entry("STN3", x->seq, buf);
}

void fixture_seen(struct fixture *x, const char *insertion, const char *port)
{
	char i[64], p[64];

	(void)snprintf(i, sizeof(i), "insertion=%s", insertion);
	(void)snprintf(p, sizeof(p), "port=%s", port);
	CHECK(fixture_append(x, "medium.seen", "station", 990, "", i, p, "diskseq:=77",
	                     "medium=?9f3c51a2b07e", "bytes:=1000000", "serial=S1") == 0);
}

int fixture_intent(struct fixture *x, const char *transfer, const char *insertion,
                   const char *approval, const char *second)
{
	char a[64], b[64] = "", manifest[128], i[64];

	(void)snprintf(a, sizeof(a), "approvals[]=%s", approval);
	if (second)
		(void)snprintf(b, sizeof(b), "approvals[]=%s", second);
	(void)snprintf(manifest, sizeof(manifest), "manifest_sha256=%s", x->manifest_sha256);
	(void)snprintf(i, sizeof(i), "destination_insertion=%s", insertion);
	return fixture_append(x, "release.intent", "tech-1", 2001, transfer, a, b,
	                      "output=delivery", "device=x-0042", "component=scan-app",
	                      "version=4.2.1", "release:=40201", "vendor_signature=cms-detached",
	                      "sanitised=no", "rule=pass.update-covered", "ticket=AA-2026-0117",
	                      manifest, "files:=1", "medium=?9f3c51a2b07e", "destination_port=b1",
	                      i, "volume=fat32");
}
