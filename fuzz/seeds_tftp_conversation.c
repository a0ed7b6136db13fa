/* Seeds of transfers: what a peer says, as fuzz_tftp_conversation.c reads it. */
#include <string.h>

#include "base/writer.h"
#include "seed.h"
#include "wire/tftp_packet.h"

enum { SERVER = 0, CAREFUL_SERVER = 2, CLIENT = 1, OLD_CLIENT = 3 };

static void say(struct writer *w, const struct tftp_packet *packet)
{
	uint8_t memory[255];
	struct writer datagram = writer_on(memory, sizeof(memory));
	tftp_packet_write(&datagram, packet);
	writer_u8(w, (uint8_t)datagram.used);
	writer_bytes(w, writer_written(&datagram));
}

static void say_number(struct writer *w, enum tftp_opcode opcode, uint16_t block, size_t size)
{
	static const uint8_t data[250];
	say(w,
		&(struct tftp_packet){
			.opcode = opcode, .block = block, .data = reader_of(data, size) });
}

static void save_server(const char *folder, const char *name, const uint8_t scene[2],
	const struct tftp_options *options, uint16_t first)
{
	struct tftp_packet request = { .opcode = TFTP_READ, .name = "ITLFile.tlv" };
	request.options = *options;
	AUTO_DONE(writer) w = writer_new(4096);
	writer_bytes(&w, reader_of(scene, 2));
	say(&w, &request);
	for (uint16_t block = first; block < first + 4; block++)
		say_number(&w, TFTP_ACK, block, 0);
	writer_u8(&w, 0);
	say(&w, &(struct tftp_packet){ .opcode = TFTP_ERROR, .message = "enough" });
	save(folder, "tftp_conversation", name, writer_written(&w));
}

static void save_client(const char *folder, const char *name, uint8_t role,
	const struct tftp_options *options, size_t last)
{
	AUTO_DONE(writer) w = writer_new(4096);
	writer_u8(&w, role);
	writer_u8(&w, 0);
	if (options != NULL)
		say(&w, &(struct tftp_packet){ .opcode = TFTP_OACK, .options = *options });
	for (uint16_t block = 1; block < 4; block++)
		say_number(&w, TFTP_DATA, block, 200);
	writer_u8(&w, 0);
	say_number(&w, TFTP_DATA, 4, last);
	say_number(&w, TFTP_DATA, 4, last);
	save(folder, "tftp_conversation", name, writer_written(&w));
}

void save_tftp_conversations(const char *folder)
{
	static const struct tftp_options none;
	static const struct tftp_options all = { true, true, true, true, 1428, 0, 3, 4 };
	static const struct tftp_options small = { .has_block_size = true,
		.has_transfer_size = true,
		.block_size = 200,
		.transfer_size = 700 };
	save_server(folder, "server-plain", (const uint8_t[]){ SERVER, 3 }, &none, 1);
	save_server(folder, "server-options", (const uint8_t[]){ SERVER, 5 }, &all, 0);
	save_server(folder, "server-large", (const uint8_t[]){ CAREFUL_SERVER, 7 }, &all, 0);
	save_server(folder, "server-silence", (const uint8_t[]){ SERVER, 1 }, &none, 7);
	save_client(folder, "client-small-blocks", CLIENT, &small, 100);
	save_client(folder, "client-greedy", CLIENT, &all, 0);
	save_client(folder, "client-plain", OLD_CLIENT, NULL, 100);
}
