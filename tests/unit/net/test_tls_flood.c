/* A client that speaks TLS 1.2 by hand, so that it can say what no library would say for it. */
#include "letters.h"
#include "paper.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/tls.h"

enum {
	ROOM = 64 << 10,   /* in the kernel, on either side and either way */
	FLOODED = 4 << 20, /* several times what kernel and server may keep together */
	KEY = 16,
	SALT = 4,
	EXPLICIT = 8, /* the part of a nonce that is sent */
	HELLO = 4,
	TAG = 16,
	HEAD = 5,
	RECORD = HEAD + EXPLICIT + HELLO + TAG,
	BATCH = 500,
};

enum { STOPPED = 0, NO_HANDSHAKE = 1, NO_RECORD = 2, ALL_TAKEN = 3 };

/* What the client writes with: AES_128_GCM of TLS 1.2. */
struct writing {
	uint8_t key[KEY], salt[SALT];
	uint64_t sequence;
};

static bool derive(SSL *ssl, struct writing *out)
{
	uint8_t master[48], seed[13 + 64] = "key expansion", block[2 * (KEY + SALT)];
	(void)SSL_get_server_random(ssl, seed + 13, 32);
	(void)SSL_get_client_random(ssl, seed + 13 + 32, 32);
	size_t size = SSL_SESSION_get_master_key(SSL_get0_session(ssl), master, sizeof(master));
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, size),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof(seed)),
		OSSL_PARAM_construct_end(),
	};
	bool fine = EVP_KDF_derive(context, block, sizeof(block), params) == 1;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	memcpy(out->key, block, KEY);
	memcpy(out->salt, block + 2 * KEY, SALT);
	out->sequence = 1; /* 0 was its Finished */
	return fine;
}

static void put_number(uint8_t *out, uint64_t number)
{
	for (size_t i = 0; i < 8; i++)
		out[i] = (uint8_t)(number >> (56 - 8 * i));
}

/* An empty ClientHello, which asks to renegotiate. */
static bool write_hello(struct writing *w, EVP_CIPHER_CTX *cipher, uint8_t out[static RECORD])
{
	static const uint8_t hello[HELLO] = { SSL3_MT_CLIENT_HELLO, 0, 0, 0 };
	uint8_t nonce[SALT + EXPLICIT], bound[13];
	uint8_t head[HEAD] = { SSL3_RT_HANDSHAKE, 3, 3, 0, RECORD - HEAD };
	int size = 0;
	memcpy(nonce, w->salt, SALT);
	put_number(nonce + SALT, w->sequence);
	put_number(bound, w->sequence++);
	memcpy(bound + 8, head, HEAD);
	bound[12] = HELLO;
	memcpy(out, head, HEAD);
	memcpy(out + HEAD, nonce + SALT, EXPLICIT);
	return EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), NULL, w->key, nonce) == 1 &&
		EVP_EncryptUpdate(cipher, NULL, &size, bound, sizeof(bound)) == 1 &&
		EVP_EncryptUpdate(cipher, out + HEAD + EXPLICIT, &size, hello, HELLO) == 1 &&
		EVP_EncryptFinal_ex(cipher, out + HEAD + EXPLICIT + HELLO, &size) == 1 &&
		EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG, out + RECORD - TAG) == 1;
}

/* It reads nothing, and writes until nobody takes it any more. */
static int flood(const struct address *to)
{
	static uint8_t batch[BATCH][RECORD];
	struct writing w = { 0 };
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(context, "ECDHE-RSA-AES128-GCM-SHA256");
	SSL *ssl = SSL_new(context);
	const int room = ROOM;
	int fd = scene_dial_narrow(to);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1 || !derive(ssl, &w))
		return NO_HANDSHAKE;
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	for (size_t sent = 0; sent < FLOODED; sent += sizeof(batch)) {
		for (size_t i = 0; i < BATCH; i++)
			if (!write_hello(&w, cipher, batch[i]))
				return NO_RECORD;
		if (send(fd, batch, sizeof(batch), MSG_NOSIGNAL) != (ssize_t)sizeof(batch))
			return STOPPED;
	}
	return ALL_TAKEN;
}

static void serve_narrow(struct letters *l, struct scene *scene, struct tls_server *tls,
	const struct stream_limits *limits)
{
	const int room = ROOM;
	int fd = scene_listen(&l->at);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	l->scene = scene;
	l->server = stream_serve(scene->loop, fd, tls, &letters_protocol, limits, l, NULL);
	assert_non_null(l->server);
}

/* Each is answered with an alert. Who does not read them is not heard any more, and then silent. */
static void alerts_that_nobody_reads_do_not_pile_up(void **state)
{
	static const struct stream_limits limits = { 10000, 10000, 2000, 0, 0 };
	struct letters l = { 0 };
	int status = -1;
	AUTO(identity) who = paper_identity("flooded.example");
	AUTO(tls_server) tls = tls_server_new(who, true, NULL);
	serve_narrow(&l, *state, tls, &limits);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(flood(&l.at));
	scene_until_count(l.scene, &l.closed, 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), STOPPED);
	assert_int_equal(l.opened, 1);
	assert_int_equal(l.messages, 0);
	assert_string_equal(l.why.text, "silent for too long");
	stream_server_free(l.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			alerts_that_nobody_reads_do_not_pile_up, scene_set_up, scene_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
