/*
 * Parses a trust list, and hashes the same bytes with SHA-512: processor time of each.
 *
 * usage: bench-parse LIST parse|load|hash SECONDS
 *
 * load: with every certificate read and every record derived from it again, as a phone's judge and
 * an inspector need it. Prints microseconds of processor time for one list.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pki/digest.h"
#include "trust/held_list.h"

enum { ROUND = 20 };

static double processor_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static bool parse(struct reader list, struct error *err)
{
	static struct trust_list parsed;
	return trust_list_parse(list, &parsed, err);
}

static bool load(struct reader list, struct error *err)
{
	AUTO(held_list) held = held_list_load(list, err);
	return held != NULL;
}

static bool hash(struct reader list, struct error *err)
{
	uint8_t digest[DIGEST_MAX];
	return digest_of(DIGEST_SHA512, &list, 1, digest, err);
}

static const struct {
	const char *name;
	bool (*run)(struct reader list, struct error *err);
} works[] = { { "parse", parse }, { "load", load }, { "hash", hash } };

static int measure(size_t work, struct reader list, double seconds)
{
	struct error err = { 0 };
	double started = processor_us(), now = started;
	unsigned long count = 0;
	for (; now - started < seconds * 1e6; count += ROUND) {
		for (int i = 0; i < ROUND; i++)
			if (!works[work].run(list, &err)) {
				(void)fprintf(stderr, "bench-parse: %s\n", err.text);
				return 1;
			}
		now = processor_us();
	}
	(void)printf("%.3f\n", (now - started) / (double)count);
	return 0;
}

int main(int argc, char **argv)
{
	static uint8_t memory[LIMIT_TRUST_LIST];
	int fd = argc == 4 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	ssize_t size = fd >= 0 ? read(fd, memory, sizeof(memory)) : -1;
	for (size_t i = 0; size > 0 && i < COUNT(works); i++)
		if (strcmp(works[i].name, argv[2]) == 0)
			return measure(i, reader_of(memory, (size_t)size), atof(argv[3]));
	(void)fprintf(stderr, "usage: bench-parse LIST parse|load|hash SECONDS\n");
	return 2;
}
