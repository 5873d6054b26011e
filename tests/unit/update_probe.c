/*
 * Employs the workers "signature", "check" and "unpack" from the command line, for test scripts.
 *
 *     update_probe signature PURPOSE TIME KEY=VALUE...   sig= anchor= cert= pin= manifest= content=
 *     update_probe lines EXPECTED MANIFEST
 *     update_probe unpack FORMAT FILE [FILES_MAX [BYTES_MAX]]
 *
 * Prints one line per message: signer, finding, entry, check, member, fault, done. With content=,
 * every signer is taken to `check`, pinned by the keys of pin= and of cert= (as the station does).
 * The worker's own function runs in a forked process without a sandbox; or, with UPDATE_SPAWND set
 * to the program weighlock-spawnd, in the real worker binary in its sandbox (WEIGHLOCK_WORKERS says
 * where those lie).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/message.h"
#include "daemon/base/sha256.h"
#include "daemon/base/work.h"
#include "daemon/update/certificate.h"
#include "daemon/update/check_signature.h"
#include "daemon/update/unpack.h"
#include "daemon/worker/kinds.h"

#define CLAIMS_MAX 8

static struct wl_message message = {.fd = -1};

struct claim {
	uint64_t item, digest, signature;
	uint8_t attributes[4096], value[1024], spki[2048];
	size_t attributes_n, value_n, spki_n;
};

static void die(const char *what, int e)
{
	(void)fprintf(stderr, "update_probe: %s: %s\n", what, strerror(-e));
	exit(99);
}

static int open_file(const char *path, uint64_t *ret_size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path, -errno);
	*ret_size = (uint64_t)st.st_size;
	return fd;
}

struct kind {
	const char *name;
	int (*prepare)(void);
	int (*run)(struct wl_worker *wk);
};

static const struct kind signature = {"signature", wl_signature_prepare, wl_signature_run};
static const struct kind check = {"check", wl_check_prepare, wl_check_run};
static const struct kind unpack = {"unpack", wl_unpack_prepare, wl_unpack_run};

/* The worker in its sandbox. */
static void employ_sandboxed(const struct kind *kind, const char *spawnd, struct wl_channel *ret)
{
	static struct wl_spawn *spawn;
	struct wl_job_order order = {.kind = kind->name, .deadline_ms = 60000, .input_fd = -1};
	struct wl_finding f = {0};
	struct wl_job job;
	int e = spawn ? 0 : wl_spawn_start(spawnd, &spawn);

	if (e == 0)
		e = wl_job_start(spawn, &order, &job, &f);
	if (e < 0)
		die(f.rule ? wl_rule_id(f.rule) : kind->name, e);
	*ret = job.control;
}

/* Starts the worker; *ret is the employer's end. */
static void employ(const struct kind *kind, struct wl_channel *ret)
{
	const char *spawnd = getenv("UPDATE_SPAWND");
	int pair[2];

	if (spawnd) {
		employ_sandboxed(kind, spawnd, ret);
		return;
	}

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair", -errno);
	(void)fflush(stdout);
	if (fork() == 0) {
		static struct wl_message in = {.fd = -1}, out = {.fd = -1};
		struct wl_worker wk = {.in = &in, .out = &out};
		int e;

		(void)close(pair[0]);
		wl_channel_init(&wk.control, pair[1], WL_PEER_WORKER, WL_PEER_BROKER);
		e = kind->prepare();
		if (e == 0)
			e = kind->run(&wk);
		wl_message_start(&out, e < 0 ? WL_MSG_WORK_FAULT : WL_MSG_WORK_DONE, 0);
		if (e < 0) {
			wl_message_put_u64(&out, WL_T_ERRNO, (uint64_t)-e);
			wl_message_put_text(&out, WL_T_DETAIL, strerror(-e));
		}
		(void)wl_worker_send(&wk);
		exit(0);
	}
	(void)close(pair[1]);
	wl_channel_init(ret, pair[0], WL_PEER_BROKER, WL_PEER_WORKER);
}

static void say(struct wl_channel *c)
{
	int e = wl_channel_send(c, &message);

	if (e < 0 && e != -EPIPE)
		die("send", e);
}

static void send_next(struct wl_channel *c, enum wl_role role, const char *path,
                      const uint8_t *sha256)
{
	uint64_t size;
	int fd = open_file(path, &size);

	wl_message_start(&message, WL_MSG_WORK_NEXT, 0);
	wl_message_put_u64(&message, WL_T_ITEM, 1);
	wl_message_put_u64(&message, WL_T_ROLE, role);
	wl_message_put_u64(&message, WL_T_SIZE, size);
	if (sha256)
		wl_message_put_sha256(&message, WL_T_SHA256, sha256);
	message.fd = fd;
	say(c);
	wl_message_clear(&message);
}

static void send_pin(struct wl_channel *c, const char *hex)
{
	uint8_t pin[WL_SHA256_BYTES];

	if (wl_hex_decode(hex, pin, sizeof(pin)) < 0)
		die(hex, -EINVAL);
	wl_message_start(&message, WL_MSG_CHECK_PIN, 0);
	wl_message_put_sha256(&message, WL_T_SPKI_SHA256, pin);
	say(c);
}

static void send_end(struct wl_channel *c)
{
	wl_message_start(&message, WL_MSG_WORK_END, 0);
	say(c);
}

static void print_hex(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
}

static void keep_claim(struct claim *c)
{
	struct wl_bytes a = wl_message_bytes(&message, WL_T_SIGNED_ATTRIBUTES),
	                v = wl_message_bytes(&message, WL_T_SIGNATURE),
	                k = wl_message_bytes(&message, WL_T_SPKI);

	c->item = wl_message_u64(&message, WL_T_ITEM);
	c->digest = wl_message_u64(&message, WL_T_DIGEST_ALGORITHM);
	c->signature = wl_message_u64(&message, WL_T_SIGNATURE_ALGORITHM);
	memcpy(c->attributes, a.p, c->attributes_n = a.n);
	memcpy(c->value, v.p, c->value_n = v.n);
	memcpy(c->spki, k.p, c->spki_n = k.n);
}

static void print_signer(const struct claim *c)
{
	uint8_t digest[WL_SHA256_BYTES];

	if (wl_sha256_of(c->spki, c->spki_n, digest) < 0)
		die("sha256", -EIO);
	printf("signer %llu digest=%llu signature=%llu spki=", (unsigned long long)c->item,
	       (unsigned long long)c->digest, (unsigned long long)c->signature);
	print_hex(digest, sizeof(digest));
	printf(" subject=%s\n", wl_message_text(&message, WL_T_SUBJECT));
}

/* Prints what the worker says until it is done; keeps signers' claims. */
static size_t listen_to(struct wl_channel *c, struct claim *claims)
{
	size_t n = 0;
	int e;

	while ((e = wl_channel_receive(c, &message, 60000)) == 0) {
		switch ((int)message.id) {
		case WL_MSG_SIGNATURE_SIGNER:
			keep_claim(&claims[n % CLAIMS_MAX]);
			print_signer(&claims[n++ % CLAIMS_MAX]);
			break;
		case WL_MSG_MANIFEST_ENTRY:
			printf("entry %.*s\n", (int)wl_message_bytes(&message, WL_T_PATH).n,
			       (const char *)wl_message_bytes(&message, WL_T_PATH).p);
			break;
		case WL_MSG_ARCHIVE_MEMBER:
			printf("member %s %llu %.*s\n", wl_message_text(&message, WL_T_KIND),
			       (unsigned long long)wl_message_u64(&message, WL_T_SIZE),
			       (int)wl_message_bytes(&message, WL_T_PATH).n,
			       (const char *)wl_message_bytes(&message, WL_T_PATH).p);
			break;
		case WL_MSG_WORK_FINDING:
			printf("finding %llu %s %s\n",
			       (unsigned long long)wl_message_u64(&message, WL_T_ITEM),
			       wl_message_text(&message, WL_T_RULE),
			       wl_message_text(&message, WL_T_DETAIL));
			break;
		case WL_MSG_CHECK_RESULT: {
			const char *rule = wl_message_text(&message, WL_T_RULE);

			printf("check %llu %s %s\n",
			       (unsigned long long)wl_message_u64(&message, WL_T_ITEM),
			       *rule ? rule : "ok", wl_message_text(&message, WL_T_DETAIL));
			break;
		}
		case WL_MSG_WORK_FAULT:
			printf("fault %s\n", wl_message_text(&message, WL_T_DETAIL));
			return n;
		case WL_MSG_WORK_DONE:
			printf("done\n");
			return n;
		default:
			break;
		}
	}
	printf("died %s\n", strerror(-e));
	return n;
}

/* The digest of a certificate's DER, as a policy names it. */
static void der_digest(const char *path, uint8_t ret[WL_SHA256_BYTES])
{
	struct wl_finding f;
	WL_AUTO_X509 X509 *x = NULL;
	uint64_t size;
	WL_AUTO_CLOSE int fd = open_file(path, &size);
	unsigned n = 0;

	if (wl_certificate_read_fd(fd, NULL, &x, &f) < 0 ||
	    X509_digest(x, EVP_sha256(), ret, &n) != 1)
		die(path, -EINVAL);
}

static const char *value_of(const char *arg, const char *key)
{
	size_t n = strlen(key);

	return strncmp(arg, key, n) == 0 && arg[n] == '=' ? arg + n + 1 : NULL;
}

static void check_claims(const struct claim *claims, size_t n, char **args)
{
	struct wl_channel c;
	uint8_t digest[WL_SHA256_BYTES];
	struct claim dropped[CLAIMS_MAX];

	employ(&check, &c);
	for (size_t i = 0; i < n; i++) {
		for (char **a = args; *a; a++) {
			const char *v;

			if ((v = value_of(*a, "pin")))
				send_pin(&c, v);
			if ((v = value_of(*a, "cert"))) {
				der_digest(v, digest);
				send_next(&c, WL_ROLE_PIN, v, digest);
			}
			if ((v = value_of(*a, "content")))
				send_next(&c, WL_ROLE_CONTENT, v, NULL);
		}
		wl_message_start(&message, WL_MSG_CHECK_SIGNATURE, 0);
		wl_message_put_u64(&message, WL_T_ITEM, claims[i].item);
		wl_message_put_u64(&message, WL_T_DIGEST_ALGORITHM, claims[i].digest);
		wl_message_put_u64(&message, WL_T_SIGNATURE_ALGORITHM, claims[i].signature);
		wl_message_put_bytes(&message, WL_T_SIGNED_ATTRIBUTES, claims[i].attributes,
		                     claims[i].attributes_n);
		wl_message_put_bytes(&message, WL_T_SIGNATURE, claims[i].value, claims[i].value_n);
		wl_message_put_bytes(&message, WL_T_SPKI, claims[i].spki, claims[i].spki_n);
		say(&c);
	}
	send_end(&c);
	(void)listen_to(&c, dropped);
	wl_channel_close(&c);
}

static const struct {
	const char *key;
	enum wl_role role;
} files[] = {
        {"anchor", WL_ROLE_ANCHOR},
        {"cert", WL_ROLE_CERTIFICATE},
        {"sig", WL_ROLE_SIGNATURE},
        {"manifest", WL_ROLE_CONTENT},
};

static void do_signature(char **args)
{
	static struct claim claims[CLAIMS_MAX];
	struct wl_channel c;
	bool checked = false;
	size_t n;

	employ(&signature, &c);
	wl_message_start(&message, WL_MSG_SIGNATURE_BEGIN, 0);
	wl_message_put_text(&message, WL_T_PURPOSE, args[0]);
	wl_message_put_i64(&message, WL_T_TIME, strtoll(args[1], NULL, 10));
	say(&c);
	for (char **a = args + 2; *a; a++) {
		const char *v;

		for (size_t i = 0; i < WL_ARRAY_LEN(files); i++)
			if ((v = value_of(*a, files[i].key)))
				send_next(&c, files[i].role, v, NULL);
		if ((v = value_of(*a, "pin")))
			send_pin(&c, v);
		checked |= value_of(*a, "content") != NULL;
	}
	send_end(&c);
	n = listen_to(&c, claims);
	wl_channel_close(&c);
	if (checked && n > 0)
		check_claims(claims, n < CLAIMS_MAX ? n : CLAIMS_MAX, args + 2);
}

static void do_lines(char **args)
{
	struct claim dropped[CLAIMS_MAX];
	struct wl_channel c;

	employ(&check, &c);
	send_next(&c, WL_ROLE_EXPECTED, args[0], NULL);
	send_next(&c, WL_ROLE_CONTENT, args[1], NULL);
	wl_message_start(&message, WL_MSG_CHECK_LINES, 0);
	wl_message_put_u64(&message, WL_T_ITEM, 1);
	say(&c);
	send_end(&c);
	(void)listen_to(&c, dropped);
	wl_channel_close(&c);
}

static void do_unpack(char **args)
{
	struct claim dropped[CLAIMS_MAX];
	struct wl_channel c;
	char *files_max = args[2], *bytes_max = files_max ? args[3] : NULL;

	employ(&unpack, &c);
	wl_message_start(&message, WL_MSG_UNPACK_BEGIN, 0);
	wl_message_put_text(&message, WL_T_FORMAT, args[0]);
	wl_message_put_u64(&message, WL_T_FILES_MAX,
	                   files_max ? strtoull(files_max, NULL, 10) : UINT64_MAX);
	wl_message_put_u64(&message, WL_T_BYTES_MAX,
	                   bytes_max ? strtoull(bytes_max, NULL, 10) : UINT64_MAX);
	say(&c);
	send_next(&c, WL_ROLE_ARCHIVE, args[1], NULL);
	send_end(&c);
	(void)listen_to(&c, dropped);
	wl_channel_close(&c);
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "signature") == 0)
		do_signature(argv + 2);
	else if (argc == 4 && strcmp(argv[1], "lines") == 0)
		do_lines(argv + 2);
	else if (argc >= 4 && strcmp(argv[1], "unpack") == 0)
		do_unpack(argv + 2);
	else
		return 2;
	while (!getenv("UPDATE_SPAWND") && wait(NULL) > 0)
		;
	return 0; /* spawnd ends with the connection */
}
