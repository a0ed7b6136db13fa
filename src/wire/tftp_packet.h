#pragma once
/*
 * TFTP packets with every option we speak (RFC 1350, 2347, 2348, 2349, 7440), both ends, with the
 * lenience that phones need. docs/formats/tftp.md
 */
#include "base/limits.h"
#include "base/writer.h"

enum tftp_opcode {
	TFTP_READ = 1,
	TFTP_WRITE = 2,
	TFTP_DATA = 3,
	TFTP_ACK = 4,
	TFTP_ERROR = 5,
	TFTP_OACK = 6,
};

enum tftp_error {
	TFTP_UNDEFINED = 0,
	TFTP_NOT_FOUND = 1,
	TFTP_ACCESS = 2,
	TFTP_FULL = 3,
	TFTP_ILLEGAL = 4,
	TFTP_UNKNOWN_TID = 5,
	TFTP_EXISTS = 6,
	TFTP_NO_USER = 7,
	TFTP_OPTION = 8,
};

enum { TFTP_DATA_HEADER = 4 }; /* bytes before the data of a block */

enum tftp_mode { TFTP_OCTET, TFTP_NETASCII, TFTP_MAIL };

/* What a request asks for or an OACK grants; an absent option is !has_… */
struct tftp_options {
	bool has_block_size, has_transfer_size, has_timeout, has_window;
	uint16_t block_size; /* 8 … 65464 */
	uint64_t transfer_size;
	uint8_t timeout; /* seconds, 1 … 255 */
	uint16_t window; /* blocks, 1 … 65535 */
};

struct tftp_packet {
	enum tftp_opcode opcode;
	char name[LIMIT_FILE_NAME];  /* READ, WRITE: as sent, not yet judged as a path */
	enum tftp_mode mode;         /* READ, WRITE */
	struct tftp_options options; /* READ, WRITE, OACK: unknown or ill-valued ones dropped */
	uint16_t block;              /* DATA, ACK */
	struct reader data;          /* DATA: a view */
	uint16_t error;              /* ERROR */
	char message[128];           /* ERROR: escaped for printing */
};

bool tftp_packet_parse(struct reader datagram, struct tftp_packet *out, struct error *err)
	MUST_CHECK;
void tftp_packet_write(struct writer *w, const struct tftp_packet *packet);
/* What stands before the data of a block that is put there by somebody else. */
void tftp_data_header(struct writer *w, uint16_t block);
bool tftp_packet_same(const struct tftp_packet *a, const struct tftp_packet *b);
