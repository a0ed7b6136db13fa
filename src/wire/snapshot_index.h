#pragma once
/*
 * The index of a node's snapshot: all that the phone-facing processes know of the cluster. Written
 * by the manager, read by tvs and provision. Files and certificates themselves are objects beside
 * it, named by their SHA-256. docs/formats/snapshot-index.md
 */
#include "base/limits.h"
#include "base/tlv.h"

enum { SNAPSHOT_DIGEST_SIZE = 32, SNAPSHOT_NAME_SIZE = 64 };

/* How provision answers for a name. */
enum snapshot_file_kind {
	SNAPSHOT_PUBLISHED = 1,     /* a trust list: the object is served as it is */
	SNAPSHOT_CONFIGURATION = 2, /* the object in clear, and under its name + ".sgn" signed */
};

struct snapshot_index {
	uint64_t number; /* the change number that it shows */
	int64_t time;
	char cluster[SNAPSHOT_NAME_SIZE];
	char node[SNAPSHOT_NAME_SIZE];
	uint8_t audit_head[SNAPSHOT_DIGEST_SIZE];
	uint8_t file_hash; /* enum hash_code for .sgn files */
	uint32_t tvs_ttl;  /* seconds */
	size_t identity_count;
	struct snapshot_identity { /* this node's own live identities that its services load */
		char unit[SNAPSHOT_NAME_SIZE];
		uint8_t key[SNAPSHOT_DIGEST_SIZE];         /* SHA-256 of the SubjectPublicKeyInfo */
		uint8_t certificate[SNAPSHOT_DIGEST_SIZE]; /* object */
	} * identities;
	size_t certificate_count;
	struct snapshot_certificate {                 /* what TVS vouches for */
		uint8_t digest[SNAPSHOT_DIGEST_SIZE]; /* object, DER */
		size_t role_count;
		uint8_t roles[16];
	} * certificates;
	size_t file_count;
	struct snapshot_file {
		char name[LIMIT_FILE_NAME]; /* as phones ask */
		enum snapshot_file_kind kind;
		uint8_t digest[SNAPSHOT_DIGEST_SIZE]; /* object */
	} * files;                                    /* sorted by name, byte order */
};

/* `body` is the index without its last 32 bytes, whose digest the caller has checked. */
struct snapshot_index *snapshot_index_parse(struct reader body, struct error *err);
void snapshot_index_write(struct writer *w, const struct snapshot_index *index);
bool snapshot_index_same(const struct snapshot_index *a, const struct snapshot_index *b);
void snapshot_index_free(struct snapshot_index *index); /* frees its arrays too; NULL is fine */
DEFINE_AUTO(snapshot_index, snapshot_index_free);
