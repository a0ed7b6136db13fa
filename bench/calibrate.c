/*
 * Signs with RSA-2048 in a loop and does nothing else: how fast this machine is just now.
 *
 * usage: bench-calibrate KEY SECONDS
 *
 * KEY is made when it is missing. Prints signatures a second of the wall clock, and a second of
 * processor time.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds_of(clockid_t clock)
{
	struct timespec now;
	(void)clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static EVP_PKEY *key_of(const char *path)
{
	FILE *file = fopen(path, "r");
	if (file != NULL) {
		EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
		(void)fclose(file);
		return key;
	}
	EVP_PKEY *key = EVP_RSA_gen(2048);
	file = fopen(path, "w");
	if (key == NULL || file == NULL ||
		PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1)
		return NULL;
	return fclose(file) == 0 ? key : NULL;
}

static int sign_for(EVP_PKEY *key, double seconds)
{
	unsigned char digest[20] = "twenty bytes to sign", signature[256];
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
		EVP_PKEY_CTX_set_signature_md(context, EVP_sha1()) != 1)
		return 1;
	double wall = seconds_of(CLOCK_MONOTONIC), processor = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	double now = wall;
	unsigned long count = 0;
	while (now - wall < seconds) {
		size_t size = sizeof(signature);
		if (EVP_PKEY_sign(context, signature, &size, digest, sizeof(digest)) != 1)
			return 1;
		count++;
		now = seconds_of(CLOCK_MONOTONIC);
	}
	EVP_PKEY_CTX_free(context);
	(void)printf("%.1f %.1f\n", (double)count / (now - wall),
		(double)count / (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - processor));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		(void)fprintf(stderr, "usage: bench-calibrate KEY SECONDS\n");
		return 2;
	}
	EVP_PKEY *key = key_of(argv[1]);
	int status = key != NULL ? sign_for(key, atof(argv[2])) : 1;
	if (status != 0)
		(void)fprintf(
			stderr, "bench-calibrate: no signature could be made with %s\n", argv[1]);
	EVP_PKEY_free(key);
	return status;
}
