/* The custody record: its bytes, what it is made from, and everything without which there is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <openssl/cms.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/base/fdio.h"
#include "daemon/base/text.h"
#include "daemon/ledger/document.h"
#include "tests/unit/ledger_fixture.h"

#define T1   "STN3-T000001"
#define HEX1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX2 "2222222222222222222222222222222222222222222222222222222222222222"
#define HEX3 "3333333333333333333333333333333333333333333333333333333333333333"
#define HEX4 "4444444444444444444444444444444444444444444444444444444444444444"

static struct fixture x;
static unsigned insertions;

/* What the test leaves out or changes. */
struct variant {
	const char *output;     /* "scrubbed" */
	const char *without;    /* a member of transfer.opened */
	bool no_start, no_item; /* entries that are not there */
	bool sealed, no_recipients;
	const char *item_without; /* a member of the second item's entry */
	const char *digest;       /* of the second item in its entry, if not the manifest's */
};

static void member_unless(const char *without, const char *member, const char **list, size_t *n)
{
	if (!without || strncmp(member, without, strlen(without)) != 0)
		list[(*n)++] = member;
}

/* Stages up to twelve members; an absent one is repeated as NULL, which ends the list. */
static int stage(const char *event, const char *actor, const char *const *m)
{
	return fixture_commit(&x, fixture_stage(&x, NULL, event, actor, 2002, T1, -1, m[0], m[1],
	                                        m[2], m[3], m[4], m[5], m[6], m[7], m[8], m[9],
	                                        m[10], m[11], m[12], m[13], m[14], m[15], m[16],
	                                        m[17], m[18], m[19], m[20], m[21], NULL));
}

static void opened(const struct variant *v)
{
	static const char *const all[] = {"direction=outbound",
	                                  "device=x-0042",
	                                  "outputs[]=scrubbed",
	                                  "outputs[]=evidence",
	                                  "case=2026-FA-0311",
	                                  "authority=ca-107-5-a",
	                                  "requester=Crown counsel N\xc3\xa9",
	                                  "tip_state=off"};
	const char *m[24] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		member_unless(v->without, all[i], m, &n);
	if (v->sealed && !v->no_recipients)
		m[n++] = "recipients[]=" HEX4;
	assert_int_equal(stage("transfer.opened", "invest-1", m), 0);
	assert_int_equal(fixture_append(&x, "transfer.preserved", "station", 990, T1, "files:=2",
	                                "bytes:=10"),
	                 0);
}

static void decided(const struct variant *v, int i)
{
	bool evidence = strcmp(v->output, "evidence") == 0;
	const char *without = i == 1 ? v->item_without : NULL;
	const char *digest = i == 0 ? HEX1 : v->digest ? v->digest : HEX2;
	char output[64], name[64], sha[96], source[96];
	const char *m[24] = {NULL};
	size_t n = 0;

	(void)snprintf(output, sizeof(output), "output=%s", v->output);
	(void)snprintf(name, sizeof(name), "output_name=" T1 ".0000%d.%s", 2 - i,
	               evidence ? "jpg" : "png");
	(void)snprintf(sha, sizeof(sha), "output_sha256=%s", v->sealed ? HEX3 : digest);
	(void)snprintf(source, sizeof(source), "source_sha256=%s",
	               evidence ? (v->sealed ? HEX3 : digest) : HEX4);
	const char *const all[] = {i ? "item=" T1 ".00002" : "item=" T1 ".00001",
	                           i ? "path=d/secret name.jpg" : "path=d/%C3%A9.png",
	                           "bytes:=987654",
	                           "verdict=pass",
	                           evidence ? "rule=pass.evidence-sealed"
	                                    : "rule=pass.image-rebuilt",
	                           "rules[]",
	                           "policy_key=",
	                           source,
	                           output,
	                           name,
	                           evidence ? "output_bytes:=987654" : "output_bytes:=1234",
	                           sha};
	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
		member_unless(without, all[k], m, &n);
	static const char rebuilt_samples[] = "samples_sha256=" HEX4;
	static const char *const rebuilt[] = {rebuilt_samples, "width:=640", "height:=480",
	                                      "bits:=16", "channels:=1"};
	for (size_t k = 0; !evidence && k < 5; k++)
		member_unless(without, rebuilt[k], m, &n);
	if (!evidence && i == 1) {
		m[n++] = "transforms[]=decode png";
		m[n++] = "masks[]=0,0,640,96 banner";
		m[n++] = "tip_state=projected";
	}
	char sealed[96];
	(void)snprintf(sealed, sizeof(sealed), "sealed_sha256=%s", digest);
	if (v->sealed) {
		member_unless(without, sealed, m, &n);
		member_unless(without, "sealed_bytes:=1300", m, &n);
	}
	assert_int_equal(stage("item.decided", "station", m), 0);
}

static int manifest(const struct variant *v, char member[128])
{
	bool evidence = strcmp(v->output, "evidence") == 0;
	const char *rule = evidence ? "pass.evidence-sealed" : "pass.image-rebuilt";
	const char *end = evidence ? "jpg" : "png", *p7m = v->sealed ? ".p7m" : "";
	char text[1024], hex[WL_SHA256_HEX + 1];
	uint8_t sha256[WL_SHA256_BYTES];
	int fd = -1;

	(void)snprintf(text, sizeof(text),
	               HEX1 "  1234  " T1 ".00001  pass  %s  data/%s/" T1 ".00002.%s%s\n" HEX2
	                    "  1234  " T1 ".00002  pass  %s  data/%s/" T1 ".00001.%s%s\n" HEX3
	                    "  77  " T1 ".00003  refuse  image.format  x.img\n",
	               rule, v->output, end, p7m, rule, v->output, end, p7m);
	assert_int_equal(wl_sha256_of(text, strlen(text), sha256), 0);
	wl_hex_encode(sha256, sizeof(sha256), hex);
	(void)snprintf(member, 128, "manifest_sha256=%s", hex);
	assert_int_equal(wl_memfd_sealed("manifest", text, strlen(text), &fd), 0);
	return fd;
}

/* From the station's start to the intent, whose id goes into buf. */
static void play(const struct variant *v, char buf[WL_ID_TEXT])
{
	char m[128], o[32], named[160], until[40], when[WL_TIME_TEXT], a[64], id[WL_ID_TEXT],
	        in[64];
	char insertion[WL_ID_TEXT];

	fixture_make(&x);
	fixture_policy(&x);
	if (!v->no_start)
		assert_int_equal(fixture_append(&x, "station.start", "station", 990, "",
		                                "version=1.2.3", "build_sha256=" HEX4,
		                                "sandbox=full", "libs[]=libjansson.so.4"),
		                 0);
	opened(v);
	decided(v, 0);
	if (!v->no_item)
		decided(v, 1);
	int fd = manifest(v, m);
	(void)snprintf(o, sizeof(o), "output=%s", v->output);
	assert_int_equal(
	        fixture_commit(&x, fixture_stage(&x, NULL, "transfer.inspected", "station", 990, T1,
	                                         fd, o, "verdict=pass", "rule=pass.image-rebuilt",
	                                         "holds[]", "files:=2", "refused:=1", "left:=0", m,
	                                         "bytes:=2468", "tools[]=decode libpng 1.6.39",
	                                         "tools[]=encode isa-l", "tools[]=seal",
	                                         "tools[]=check \"}],\"\\x\xc3\xa9 1", NULL)),
	        0);
	(void)close(fd);
	wl_time_format(x.time + 8 * 3600, when);
	(void)snprintf(until, sizeof(until), "until=%s", when);
	(void)snprintf(named, sizeof(named), "manifests_sha256[]=%s", strchr(m, '=') + 1);
	assert_int_equal(fixture_append(&x, "transfer.approved", "appr-1", 3001, T1, named,
	                                "accepted[]", until, "method=account"),
	                 0);
	wl_id_entry("STN3", x.seq, id);
	(void)snprintf(a, sizeof(a), "approvals[]=%s", id);
	(void)snprintf(insertion, sizeof(insertion), "STN3-I%06u", ++insertions);
	fixture_seen(&x, insertion, "b1");
	(void)snprintf(in, sizeof(in), "destination_insertion=%s", insertion);
	assert_int_equal(fixture_append(&x, "release.intent", "invest-1", 2002, T1, a, o,
	                                "device=x-0042", "sanitised=no", "rule=pass.image-rebuilt",
	                                m, "files:=2", "medium=?9f3c51a2b07e",
	                                "destination_port=b1", in, "volume=fat32"),
	                 0);
	wl_id_entry("STN3", x.seq, buf);
}

static char *text_of(int fd)
{
	void *p = NULL;
	size_t n;

	assert_int_equal(wl_fd_read_all(fd, 1 << 20, &p, &n), 0);
	return p;
}

static char *record(const char *intent, struct wl_note_files *ret)
{
	*ret = (struct wl_note_files){{{.fd = -1}, {.fd = -1}, {.fd = -1}}};
	assert_int_equal(wl_document_seal(x.l, WL_DOCUMENT_CUSTODY, intent, ret, &x.f), 0);
	return text_of(ret->file[WL_NOTE_JSON].fd);
}

static void expect_none(const struct variant *v, const char *why)
{
	struct wl_note_files files = {{{.fd = -1}, {.fd = -1}, {.fd = -1}}};
	char id[WL_ID_TEXT];

	insertions = 0;
	play(v, id);
	assert_int_equal(wl_document_seal(x.l, WL_DOCUMENT_CUSTODY, id, &files, &x.f), -EINVAL);
	assert_non_null(strstr(x.f.detail, why));
	assert_false(x.l->failed);
	fixture_remove(&x);
}

#define HEAD(output_text)                                                                          \
	"{\"approved_by\":[\"appr-1\"],\"authority\":\"ca-107-5-a\",\"case\":\"2026-FA-0311\","    \
	"\"device\":\"x-0042\",\"intent\":\"%s\",\"items\":["
#define TAIL(output_text, extra)                                                                   \
	"],\"opened_by\":\"invest-1\",\"origin\":\"stations.example/"                              \
	"stn3\",\"output\":\"" output_text "\",\"policy_sha256\":\"%s\"," extra                    \
	"\"requester\":\"Crown counsel N\\u00e9\",\"time\":\"%s\","                                \
	"\"tip_state\":\"off\",\"tools\":[{\"name\":\"weighlock\",\"version\":\"1.2.3\"},"         \
	"{\"name\":\"libpng\",\"version\":\"1.6.39\",\"work\":\"decode\"},"                        \
	"{\"name\":\"\\\"}],\\\"\\\\x\\u00e9\",\"version\":\"1\",\"work\":\"check\"}],"            \
	"\"transfer\":\"" T1 "\",\"type\":\"ca.weighlock.custody/1\"}"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void fill(const char *format, const char *intent, char *buf, size_t size)
{
	char policy[WL_SHA256_HEX + 1], when[WL_TIME_TEXT];
	struct wl_entry e = {0};

	assert_int_equal(wl_ledger_entry(x.l, x.seq, &e), 0);
	wl_hex_encode(e.draft.policy_sha256, 32, policy);
	wl_time_format(e.time, when);
	wl_entry_clear(&e);
	(void)snprintf(buf, size, format, intent, policy, when);
}

#pragma GCC diagnostic pop

static void scrubbed(void **state)
{
	const struct variant v = {.output = "scrubbed"};
	struct wl_note_files files;
	char id[WL_ID_TEXT], want[4096];

	(void)state;
	insertions = 0;
	play(&v, id);
	fill(HEAD("scrubbed") "{\"bits\":16,\"bytes\":1234,\"channels\":1,\"height\":480,\"item\":"
	                      "\"" T1 ".00002\",\"masks\":[\"0,0,640,96 banner\"],\"output\":\"" T1
	                      ".00001.png\",\"output_sha256\":\"" HEX2
	                      "\",\"samples_sha256\":\"" HEX4
	                      "\",\"tip_state\":\"projected\",\"transforms\":[\"decode png\"],"
	                      "\"width\":640},{\"bits\":16,\"bytes\":1234,\"channels\":1,"
	                      "\"height\":480,"
	                      "\"item\":\"" T1 ".00001\",\"masks\":[],\"output\":\"" T1
	                      ".00002.png\",\"output_sha256\":\"" HEX1
	                      "\",\"samples_sha256\":\"" HEX4
	                      "\",\"transforms\":[],\"width\":640}" TAIL("scrubbed", ""),
	     id, want, sizeof(want));
	char *text = record(id, &files);
	assert_string_equal(text, want);
	/* nothing of a source, though the entries hold it */
	assert_null(strstr(text, "source"));
	assert_null(strstr(text, "secret"));
	assert_null(strstr(text, "987654"));
	free(text);
	wl_note_files_close(&files);
	fixture_remove(&x);
}

static void evidence_encrypted(void **state)
{
	const struct variant v = {.output = "evidence", .sealed = true};
	struct wl_note_files files;
	char id[WL_ID_TEXT], want[4096];

	(void)state;
	insertions = 0;
	play(&v, id);
#define ITEM(number, name, sealed, path)                                                           \
	"{\"bytes\":987654,\"item\":\"" T1 number "\",\"masks\":[],\"output\":\"" T1 name          \
	"\",\"output_sha256\":\"" HEX3 "\",\"sealed_bytes\":1300,\"sealed_sha256\":\"" sealed      \
	"\",\"source_bytes\":987654,\"source_path\":\"" path "\",\"source_sha256\":\"" HEX3        \
	"\",\"transforms\":[]}"
	fill(HEAD("evidence") ITEM(".00002", ".00001.jpg", HEX2, "d/secret name.jpg") "," ITEM(
	             ".00001", ".00002.jpg", HEX1, "d/%%C3%%A9.png")
	             TAIL("evidence", "\"recipients\":[\"" HEX4 "\"],"),
	     id, want, sizeof(want));
	char *text = record(id, &files);
	assert_string_equal(text, want);
	free(text);
	wl_note_files_close(&files);
	fixture_remove(&x);
}

/* The certificate ended at the intent's second, or goes on one more. */
static void certificate_expired(void **state)
{
	const struct variant v = {.output = "scrubbed"};

	(void)state;
	for (int more = 0; more < 2; more++) {
		struct wl_note_files files;
		struct wl_entry e = {0};
		char id[WL_ID_TEXT], ended[WL_TIME_TEXT], want[128];

		insertions = 0;
		play(&v, id);
		assert_int_equal(wl_ledger_entry(x.l, x.seq, &e), 0);
		wl_time_format(e.time + more, ended);
		assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x.l->certificate),
		                              (time_t)(e.time + more)));
		wl_entry_clear(&e);
		char *text = record(id, &files);
		(void)snprintf(
		        want, sizeof(want),
		        "\"case\":\"2026-FA-0311\",\"certificate_expired\":\"%s\",\"device\"",
		        ended);
		assert_int_equal(strstr(text, want) != NULL, !more);
		assert_int_equal(strstr(text, "certificate_expired") != NULL, !more);
		free(text);
		wl_note_files_close(&files);
		fixture_remove(&x);
	}
}

/* The same bytes ever after, signed as the manual says, and said once in the ledger. */
static void signed_once(void **state)
{
	const struct variant v = {.output = "scrubbed"};
	struct wl_note_files one, two;
	char id[WL_ID_TEXT];

	(void)state;
	insertions = 0;
	play(&v, id);
	char *first = record(id, &one);
	uint64_t size = wl_store_size(x.l->store);
	char *second = record(id, &two);
	assert_string_equal(first, second);
	assert_int_equal(wl_store_size(x.l->store), size);
	assert_memory_equal(one.file[WL_NOTE_SIGNATURE].sha256, two.file[WL_NOTE_SIGNATURE].sha256,
	                    32);
	assert_string_equal(wl_document_file_name(WL_DOCUMENT_CUSTODY, 1), "custody.json.p7s");

	void *der = NULL;
	size_t n;
	assert_int_equal(wl_fd_read_all(one.file[WL_NOTE_SIGNATURE].fd, 65536, &der, &n), 0);
	const unsigned char *at = der;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)n);
	BIO *content = BIO_new_mem_buf(first, -1);
	STACK_OF(X509) *certificates = sk_X509_new_null();
	sk_X509_push(certificates, x.l->certificate);
	assert_int_equal(CMS_verify(cms, certificates, NULL, content, NULL,
	                            CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY),
	                 1);
	sk_X509_free(certificates);
	BIO_free(content);
	CMS_ContentInfo_free(cms);
	free(der);
	char *receipt = text_of(one.file[WL_NOTE_RECEIPT].fd);
	assert_non_null(strstr(receipt, "c2sp.org/tlog-proof@v1"));
	free(receipt);
	free(first);
	free(second);
	wl_note_files_close(&one);
	wl_note_files_close(&two);
	assert_int_equal(wl_document_seal(x.l, WL_DOCUMENT_CUSTODY, "STN3#0", &one, &x.f), -ENOENT);
	fixture_remove(&x);
}

static void no_note_of_an_export(void **state)
{
	const struct variant v = {.output = "scrubbed"};
	struct wl_note_files files = {{{.fd = -1}, {.fd = -1}, {.fd = -1}}};
	char id[WL_ID_TEXT];

	(void)state;
	insertions = 0;
	play(&v, id);
	assert_int_equal(wl_document_seal(x.l, WL_DOCUMENT_NOTE, id, &files, &x.f), -EINVAL);
	fixture_remove(&x);
}

static void no_record_of_an_update(void **state)
{
	struct wl_note_files files = {{{.fd = -1}, {.fd = -1}, {.fd = -1}}};
	char approval[WL_ID_TEXT], id[WL_ID_TEXT];

	(void)state;
	fixture_make(&x);
	fixture_policy(&x);
	fixture_inspected(&x, T1, "pass", NULL);
	fixture_approved(&x, T1, "appr-1", NULL, approval);
	fixture_seen(&x, "STN3-I000001", "b1");
	assert_int_equal(fixture_intent(&x, T1, "STN3-I000001", approval, NULL), 0);
	wl_id_entry("STN3", x.seq, id);
	assert_int_equal(wl_document_seal(x.l, WL_DOCUMENT_CUSTODY, id, &files, &x.f), -EINVAL);
	assert_non_null(strstr(x.f.detail, "has no custody record"));
	fixture_remove(&x);
}

static void refused(void **state)
{
	static const struct {
		struct variant v;
		const char *why;
	} cases[] = {
	        {{.output = "scrubbed", .without = "case"}, "its case"},
	        {{.output = "scrubbed", .without = "authority"}, "its authority"},
	        {{.output = "scrubbed", .without = "requester"}, "its requester"},
	        {{.output = "scrubbed", .without = "tip_state"}, "the TIP state"},
	        {{.output = "scrubbed", .no_start = true}, "which version"},
	        {{.output = "scrubbed", .no_item = true}, T1 ".00002: no entry says how"},
	        {{.output = "scrubbed", .digest = HEX3}, T1 ".00002: no entry says how"},
	        {{.output = "scrubbed", .item_without = "output_name"}, "no entry says how"},
	        {{.output = "scrubbed", .item_without = "output="}, "no entry says how"},
	        {{.output = "scrubbed", .item_without = "output_bytes"}, "what left"},
	        {{.output = "scrubbed", .item_without = "samples_sha256"}, "what was rebuilt"},
	        {{.output = "scrubbed", .item_without = "width"}, "what was rebuilt"},
	        {{.output = "evidence", .item_without = "source_sha256"}, "bit for bit"},
	        {{.output = "evidence", .sealed = true, .item_without = "sealed_bytes"},
	         "what left"},
	        {{.output = "evidence", .sealed = true, .no_recipients = true}, "to whom"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_none(&cases[i].v, cases[i].why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(scrubbed),
	        cmocka_unit_test(evidence_encrypted),
	        cmocka_unit_test(certificate_expired),
	        cmocka_unit_test(signed_once),
	        cmocka_unit_test(no_note_of_an_export),
	        cmocka_unit_test(no_record_of_an_update),
	        cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
