/*
 * A small client of weighlock-ledgerd for tests: says one thing, or a line of a script at a time.
 *
 *   ledger_client SOCKET status | checkpoint | card | prove SEQ | note INTENT FOLDER | custody
 * INTENT FOLDER ledger_client SOCKET init STATION ORIGIN UID SPKI | confirm UID FINGERPRINT
 *   ledger_client SOCKET append EVENT ACTOR UID [transfer=T] [policy=HEX] [nonce=HEX]
 *                 [manifest=FILE] [more] [NAME=TEXT | NAME:=INTEGER | NAME?=0|1 | NAME[]=TEXT |
 * NAME[]]... ledger_client SOCKET entries FROM COUNT [TRANSFER] | transfers [open] ledger_client
 * SOCKET floor DEVICE COMPONENT | ticket DEVICE TICKET [TRANSFER] | medium HEAD ledger_client
 * SOCKET script          (lines of the above from standard input, words by tabs) ledger_client
 * SOCKET grants [refuse] (plays mediad on the grant socket: prints each grant)
 *
 * Prints "name value" lines; an error as "error RULE ERRNO DETAIL" and exit status 1.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "daemon/base/channel.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/sha256.h"

#define TIMEOUT_MS 20000
#define WORDS_MAX  64

static struct wl_channel channel = {.fd = -1};
static struct wl_message msg = {.fd = -1};

static void print_field(const struct wl_message *m, size_t i)
{
	enum wl_tag tag = (enum wl_tag)m->field[i].tag;
	char hex[WL_SHA256_HEX + 1];
	struct wl_bytes b;

	printf("%s ", wl_tag_name((uint16_t)tag));
	switch (wl_tag_wire((uint16_t)tag)) {
	case WL_WIRE_U64:
		printf("%" PRIu64 "\n", wl_message_u64(m, tag));
		break;
	case WL_WIRE_I64:
		printf("%" PRId64 "\n", wl_message_i64(m, tag));
		break;
	case WL_WIRE_BOOL:
		printf("%d\n", wl_message_bool(m, tag));
		break;
	case WL_WIRE_TEXT:
		printf("%s\n", wl_message_text(m, tag));
		break;
	case WL_WIRE_SHA256:
		wl_hex_encode(wl_message_sha256(m, tag), WL_SHA256_BYTES, hex);
		printf("%s\n", hex);
		break;
	case WL_WIRE_BYTES:
		b = wl_message_bytes(m, tag);
		printf("%zu\n", b.n);
		(void)fwrite(b.p, 1, b.n, stdout);
		printf("\n");
		break;
	}
}

static void print_message(const struct wl_message *m)
{
	for (size_t i = 0; i < m->nfields; i++)
		print_field(m, i);
}

/* Files of a note go into the folder named; entries are put together. */
static int take_event(const char *folder)
{
	WL_AUTO_FREE void *p = NULL;
	char path[512];
	size_t n;

	if (msg.id == WL_MSG_ENTRIES_ENTRY) {
		struct wl_bytes b = wl_message_bytes(&msg, WL_T_PART);
		(void)fwrite(b.p, 1, b.n, stdout);
		if (wl_message_bool(&msg, WL_T_LAST))
			printf("\n");
		return 0;
	}
	if (msg.id != WL_MSG_NOTE_FILE) {
		print_message(&msg);
		return 0;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", folder ? folder : ".",
	               wl_message_text(&msg, WL_T_NAME));
	if (wl_memfd_check_sealed(msg.fd) < 0 || wl_fd_read_all(msg.fd, 64 << 20, &p, &n) < 0 ||
	    n != wl_message_u64(&msg, WL_T_SIZE))
		return -EIO;
	return wl_file_replace(AT_FDCWD, path, p, n, 0644);
}

/* Reads events until the answer to `serial`. */
static int finish(uint32_t serial, const char *folder)
{
	for (;;) {
		int r = wl_channel_receive(&channel, &msg, TIMEOUT_MS);
		if (r < 0) {
			printf("lost %s\n", strerror(-r));
			return 1;
		}
		if (msg.serial != serial)
			continue;
		if (msg.id == WL_MSG_ERROR) {
			printf("error %s %" PRIu64 " %s\n", wl_message_text(&msg, WL_T_RULE),
			       wl_message_u64(&msg, WL_T_ERRNO),
			       wl_message_text(&msg, WL_T_DETAIL));
			return 1;
		}
		if (wl_message_row(msg.id)->kind == WL_KIND_REPLY) {
			print_message(&msg);
			return 0;
		}
		if (take_event(folder) < 0)
			return 1;
	}
}

static int send_now(void)
{
	int r = wl_channel_send(&channel, &msg);

	if (r < 0)
		printf("lost %s\n", strerror(-r));
	return r;
}

static void put_sha256(enum wl_tag tag, const char *hex)
{
	uint8_t digest[WL_SHA256_BYTES];

	if (wl_hex_decode(hex, digest, sizeof(digest)) < 0) {
		fprintf(stderr, "not a digest: %s\n", hex);
		exit(2);
	}
	wl_message_put_sha256(&msg, tag, digest);
}

struct append {
	uint32_t serial;
	bool more;
	char *words[WORDS_MAX];
	size_t n;
};

static const char *option(const struct append *a, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < a->n; i++)
		if (strncmp(a->words[i], name, n) == 0 && a->words[i][n] == '=')
			return a->words[i] + n + 1;
	return NULL;
}

static int send_begin(const struct append *a)
{
	const char *nonce = option(a, "nonce"), *policy = option(a, "policy");
	const char *transfer = option(a, "transfer");
	uint8_t bytes[16];

	if (nonce ? wl_hex_decode(nonce, bytes, 16) < 0 : getrandom(bytes, 16, 0) != 16)
		return -EINVAL;
	wl_message_start(&msg, WL_MSG_APPEND_BEGIN, a->serial);
	if (policy)
		put_sha256(WL_T_POLICY_SHA256, policy);
	wl_message_put_text(&msg, WL_T_EVENT, a->words[0]);
	wl_message_put_bytes(&msg, WL_T_NONCE, bytes, 16);
	wl_message_put_text(&msg, WL_T_ACTOR, a->words[1]);
	wl_message_put_u64(&msg, WL_T_UID, strtoull(a->words[2], NULL, 10));
	if (transfer)
		wl_message_put_text(&msg, WL_T_TRANSFER, transfer);
	return send_now();
}

static int send_manifest(const struct append *a, const char *path)
{
	WL_AUTO_FREE void *p = NULL;
	WL_AUTO_CLOSE int fd = -1;
	size_t n;
	int r = wl_file_read(AT_FDCWD, path, 64 << 20, &p, &n);

	if (r == 0)
		r = wl_memfd_sealed("manifest", p, n, &fd);
	if (r < 0)
		return r;
	wl_message_start(&msg, WL_MSG_APPEND_MANIFEST, a->serial);
	wl_message_put_u64(&msg, WL_T_SIZE, n);
	msg.fd = fd;
	r = send_now();
	msg.fd = -1;
	return r;
}

/* NAME=…, NAME:=…, NAME?=…, NAME[]=…, NAME[] */
static int send_member(const struct append *a, char *word)
{
	char *eq = strchr(word, '='), *end = eq ? eq : word + strlen(word);
	char kind = end > word ? end[-1] : 0;
	bool list = end - word > 2 && end[-2] == '[' && kind == ']';
	enum wl_message_id id = list && !eq   ? WL_MSG_APPEND_EMPTY
	                        : list        ? WL_MSG_APPEND_ELEMENT
	                        : kind == ':' ? WL_MSG_APPEND_INTEGER
	                        : kind == '?' ? WL_MSG_APPEND_FLAG
	                                      : WL_MSG_APPEND_TEXT;
	char name[64];

	(void)snprintf(name, sizeof(name), "%.*s",
	               (int)(end - word - (list ? 2 : (kind == ':' || kind == '?'))), word);
	wl_message_start(&msg, id, a->serial);
	wl_message_put_text(&msg, WL_T_MEMBER, name);
	if (id == WL_MSG_APPEND_INTEGER)
		wl_message_put_i64(&msg, WL_T_INTEGER, strtoll(eq + 1, NULL, 10));
	else if (id == WL_MSG_APPEND_FLAG)
		wl_message_put_bool(&msg, WL_T_FLAG, eq[1] == '1');
	else if (id != WL_MSG_APPEND_EMPTY)
		wl_message_put_text(&msg, WL_T_TEXT, eq + 1);
	return send_now();
}

static bool is_option(const char *word)
{
	return strncmp(word, "transfer=", 9) == 0 || strncmp(word, "policy=", 7) == 0 ||
	       strncmp(word, "nonce=", 6) == 0 || strncmp(word, "manifest=", 9) == 0 ||
	       strcmp(word, "more") == 0;
}

static int cmd_append(size_t n, char **words)
{
	struct append a = {.serial = wl_channel_serial(&channel), .n = n};
	const char *manifest;
	int r;

	memcpy(a.words, words, n * sizeof(*words));
	r = send_begin(&a);
	for (size_t i = 3; r == 0 && i < n; i++) {
		a.more = a.more || strcmp(words[i], "more") == 0;
		if (!is_option(words[i]))
			r = send_member(&a, words[i]);
	}
	manifest = option(&a, "manifest");
	if (r == 0 && manifest)
		r = send_manifest(&a, manifest);
	if (r < 0)
		return 1;
	wl_message_start(&msg, WL_MSG_APPEND_COMMIT, a.serial);
	wl_message_put_bool(&msg, WL_T_LAST, !a.more);
	if (send_now() < 0)
		return 1;
	return a.more ? 0 : finish(a.serial, NULL);
}

static uint32_t begin(enum wl_message_id id)
{
	uint32_t serial = wl_channel_serial(&channel);

	wl_message_start(&msg, id, serial);
	return serial;
}

static int ask(uint32_t serial, const char *folder)
{
	return send_now() < 0 ? 1 : finish(serial, folder);
}

static int cmd_plain(enum wl_message_id id)
{
	return ask(begin(id), NULL);
}

static int cmd_init(size_t n, char **w)
{
	uint32_t serial = begin(WL_MSG_STATION_INIT);

	(void)n;
	wl_message_put_text(&msg, WL_T_STATION, w[0]);
	wl_message_put_text(&msg, WL_T_ORIGIN, w[1]);
	wl_message_put_u64(&msg, WL_T_UID, strtoull(w[2], NULL, 10));
	put_sha256(WL_T_SPKI_SHA256, w[3]);
	return ask(serial, NULL);
}

static int cmd_confirm(size_t n, char **w)
{
	uint32_t serial = begin(WL_MSG_STATION_CONFIRM);

	(void)n;
	wl_message_put_u64(&msg, WL_T_UID, strtoull(w[0], NULL, 10));
	wl_message_put_text(&msg, WL_T_FINGERPRINT, w[1]);
	return ask(serial, NULL);
}

static int cmd_entries(size_t n, char **w)
{
	uint32_t serial = begin(WL_MSG_ENTRIES);

	wl_message_put_u64(&msg, WL_T_COUNT, strtoull(w[1], NULL, 10));
	if (n > 2)
		wl_message_put_text(&msg, WL_T_TRANSFER, w[2]);
	wl_message_put_u64(&msg, WL_T_FROM, strtoull(w[0], NULL, 10));
	return ask(serial, NULL);
}

static int cmd_transfers(size_t n, char **w)
{
	uint32_t serial = begin(WL_MSG_TRANSFERS);

	wl_message_put_bool(&msg, WL_T_OPEN_ONLY, n > 0 && strcmp(w[0], "open") == 0);
	return ask(serial, NULL);
}

static int cmd_floor(size_t n, char **w)
{
	uint32_t serial = begin(WL_MSG_FACT_FLOOR);

	(void)n;
	wl_message_put_text(&msg, WL_T_DEVICE, w[0]);
	wl_message_put_text(&msg, WL_T_COMPONENT, w[1]);
	return ask(serial, NULL);
}

static int cmd_ticket(size_t n, char **w)
{
	uint32_t serial = begin(WL_MSG_FACT_TICKET);

	if (n > 2)
		wl_message_put_text(&msg, WL_T_TRANSFER, w[2]);
	wl_message_put_text(&msg, WL_T_DEVICE, w[0]);
	wl_message_put_text(&msg, WL_T_TICKET, w[1]);
	return ask(serial, NULL);
}

static int cmd_medium(size_t n, char **w)
{
	uint32_t serial = begin(WL_MSG_FACT_MEDIUM);

	(void)n;
	put_sha256(WL_T_HEAD_SHA256, w[0]);
	return ask(serial, NULL);
}

static int cmd_prove(size_t n, char **w)
{
	uint32_t serial = begin(WL_MSG_PROVE);

	(void)n;
	wl_message_put_u64(&msg, WL_T_SEQ, strtoull(w[0], NULL, 10));
	return ask(serial, NULL);
}

static int cmd_document(enum wl_message_id id, char **w)
{
	uint32_t serial = begin(id);

	wl_message_put_text(&msg, WL_T_INTENT, w[0]);
	return ask(serial, w[1]);
}

static int cmd_note(size_t n, char **w)
{
	(void)n;
	return cmd_document(WL_MSG_NOTE_SEAL, w);
}

static int cmd_custody(size_t n, char **w)
{
	(void)n;
	return cmd_document(WL_MSG_CUSTODY_SEAL, w);
}

static int cmd_status(size_t n, char **w)
{
	(void)n, (void)w;
	return cmd_plain(WL_MSG_LEDGER_STATUS);
}

static int cmd_checkpoint(size_t n, char **w)
{
	(void)n, (void)w;
	return cmd_plain(WL_MSG_CHECKPOINT);
}

static int cmd_card(size_t n, char **w)
{
	(void)n, (void)w;
	return cmd_plain(WL_MSG_STATION_CARD);
}

static const struct {
	const char *name;
	size_t words;
	int (*run)(size_t n, char **words);
} commands[] = {
        {"append", 3, cmd_append},         {"card", 0, cmd_card},
        {"checkpoint", 0, cmd_checkpoint}, {"confirm", 2, cmd_confirm},
        {"custody", 2, cmd_custody},       {"entries", 2, cmd_entries},
        {"floor", 2, cmd_floor},           {"init", 4, cmd_init},
        {"medium", 1, cmd_medium},         {"note", 2, cmd_note},
        {"prove", 1, cmd_prove},           {"status", 0, cmd_status},
        {"ticket", 2, cmd_ticket},         {"transfers", 0, cmd_transfers},
};

static int run(size_t n, char **words)
{
	for (size_t i = 0; n > 0 && i < WL_ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, words[0]) == 0 && n - 1 >= commands[i].words)
			return commands[i].run(n - 1, words + 1);
	fprintf(stderr, "ledger_client: what is %s?\n", n ? words[0] : "this");
	return 2;
}

/* One line, words separated by tabs; stops at the first that fails. */
static int run_script(void)
{
	char line[65536], *words[WORDS_MAX];
	int r = 0;

	while (r == 0 && fgets(line, sizeof(line), stdin)) {
		size_t n = 0;
		line[strcspn(line, "\n")] = '\0';
		for (char *w = strtok(line, "\t"); w && n < WORDS_MAX; w = strtok(NULL, "\t"))
			words[n++] = w;
		r = n ? run(n, words) : 0;
		(void)fflush(stdout);
	}
	return r;
}

static void answer_grant(int fd, bool refuse)
{
	WL_CLEANUP(wl_channel_close) struct wl_channel c = {.fd = -1};

	wl_channel_init(&c, fd, WL_PEER_MEDIA, WL_PEER_LEDGER);
	if (wl_channel_receive(&c, &msg, TIMEOUT_MS) < 0 || msg.id != WL_MSG_GRANT)
		return;
	print_message(&msg);
	(void)fflush(stdout);
	if (refuse) {
		(void)wl_channel_send_error(&c, msg.serial, WL_RULE_STATION_BUSY, EBUSY,
		                            "a gate is open");
		return;
	}
	wl_message_start(&msg, WL_MSG_GRANT_REPLY, msg.serial);
	(void)wl_channel_send(&c, &msg);
}

static int play_mediad(const char *path, bool refuse)
{
	WL_AUTO_CLOSE int listener = -1;
	int r = wl_listen(path, "grant", SOCK_SEQPACKET, &listener);

	if (r < 0) {
		fprintf(stderr, "ledger_client: %s: %s\n", path, strerror(-r));
		return 3;
	}
	for (;;) {
		struct pollfd p = {.fd = listener, .events = POLLIN};
		int fd;
		pid_t pid;
		uid_t uid;
		gid_t gid;
		if (poll(&p, 1, -1) == 1 && wl_accept(listener, &fd, &pid, &uid, &gid) == 0)
			answer_grant(fd, refuse);
	}
}

int main(int argc, char **argv)
{
	int r;

	wl_message_init(&msg);
	if (argc < 3) {
		fprintf(stderr, "usage: ledger_client SOCKET COMMAND...\n");
		return 2;
	}
	if (strcmp(argv[2], "grants") == 0)
		return play_mediad(argv[1], argc > 3);
	r = wl_channel_connect(&channel, argv[1], (uid_t)-1, WL_PEER_BROKER, WL_PEER_LEDGER);
	if (r < 0) {
		fprintf(stderr, "ledger_client: %s: %s\n", argv[1], strerror(-r));
		return 3;
	}
	r = strcmp(argv[2], "script") == 0 ? run_script() : run((size_t)argc - 2, argv + 2);
	wl_message_clear(&msg);
	wl_channel_close(&channel);
	return r;
}
