/*
 * TLS handshakes with nothing around them: client and server in one process, memory between them.
 *
 * usage: bench-handshake CERTIFICATE KEY 1.2|1.3 full|resumed SECONDS
 *
 * Prints handshakes a second of both ends together, and of the server's end alone.
 */
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct pair {
	SSL_CTX *server, *client;
	SSL_SESSION *session;
	double served; /* seconds that the server's end took */
};

static double seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int session_came(SSL *ssl, SSL_SESSION *session)
{
	struct pair *p = SSL_get_app_data(ssl);
	SSL_SESSION_free(p->session);
	p->session = session;
	return 1;
}

static bool prepare(struct pair *p, char **words)
{
	int version = strcmp(words[3], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
	static const unsigned char name[] = "bench";
	p->server = SSL_CTX_new(TLS_server_method());
	p->client = SSL_CTX_new(TLS_client_method());
	if (p->server == NULL || p->client == NULL)
		return false;
	(void)SSL_CTX_set_num_tickets(p->server, 1);
	(void)SSL_CTX_set_session_cache_mode(
		p->client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(p->client, session_came);
	return SSL_CTX_set_session_id_context(p->server, name, sizeof(name)) == 1 &&
		SSL_CTX_use_certificate_file(p->server, words[1], SSL_FILETYPE_PEM) == 1 &&
		SSL_CTX_use_PrivateKey_file(p->server, words[2], SSL_FILETYPE_PEM) == 1 &&
		SSL_CTX_set_min_proto_version(p->client, version) == 1 &&
		SSL_CTX_set_max_proto_version(p->client, version) == 1;
}

static bool shake_hands(struct pair *p, SSL *server, SSL *client)
{
	char byte = 'x';
	bool done = false;
	for (unsigned i = 0; i < 8 && !done; i++) {
		(void)SSL_do_handshake(client);
		double before = seconds();
		(void)SSL_do_handshake(server);
		p->served += seconds() - before;
		done = SSL_is_init_finished(client) && SSL_is_init_finished(server);
	}
	double before = seconds();
	bool told = done && SSL_write(server, &byte, 1) == 1; /* behind it comes a ticket of 1.3 */
	p->served += seconds() - before;
	return told && SSL_read(client, &byte, 1) == 1;
}

static bool once(struct pair *p, bool resume)
{
	BIO *ours = NULL, *theirs = NULL;
	double before = seconds();
	SSL *server = SSL_new(p->server);
	p->served += seconds() - before;
	SSL *client = SSL_new(p->client);
	if (server == NULL || client == NULL ||
		BIO_new_bio_pair(&ours, 1 << 16, &theirs, 1 << 16) != 1)
		return false;
	(void)SSL_set_app_data(client, p);
	SSL_set_bio(server, ours, ours);
	SSL_set_bio(client, theirs, theirs);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	bool had = resume && p->session != NULL && SSL_set_session(client, p->session) == 1;
	bool fine = shake_hands(p, server, client) && SSL_session_reused(client) == (had ? 1 : 0);
	(void)SSL_shutdown(client);
	before = seconds();
	(void)SSL_shutdown(server);
	SSL_free(server);
	p->served += seconds() - before;
	SSL_free(client);
	return fine;
}

int main(int argc, char **argv)
{
	struct pair p = { 0 };
	if (argc != 6) {
		(void)fprintf(stderr,
			"usage: bench-handshake CERTIFICATE KEY 1.2|1.3 full|resumed "
			"SECONDS\n");
		return 2;
	}
	bool resume = strcmp(argv[4], "resumed") == 0;
	double limit = atof(argv[5]), started;
	unsigned long count = 0;
	bool fine = prepare(&p, argv) && once(&p, resume);
	p.served = 0;
	for (started = seconds(); fine && seconds() - started < limit; count++)
		fine = once(&p, resume);
	if (!fine) {
		(void)fprintf(stderr, "bench-handshake: a handshake failed\n");
		return 1;
	}
	(void)printf(
		"%.1f %.1f\n", (double)count / (seconds() - started), (double)count / p.served);
	return 0;
}
