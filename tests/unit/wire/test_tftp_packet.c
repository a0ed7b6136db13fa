#include "wire/tftp_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "wire/mutation.h"

#define LITERAL(text) text, sizeof(text) - 1
#define BYTES(text) reader_of(LITERAL(text))

static bool trip(struct reader bytes, struct error *err)
{
	static uint8_t memory[2][66000];
	struct tftp_packet once, twice;
	if (!tftp_packet_parse(bytes, &once, err))
		return false;
	struct writer w = writer_on(memory[0], sizeof(memory[0]));
	tftp_packet_write(&w, &once);
	assert_true(w.ok);
	assert_true(tftp_packet_parse(writer_written(&w), &twice, err));
	assert_true(tftp_packet_same(&once, &twice));
	struct writer again = writer_on(memory[1], sizeof(memory[1]));
	tftp_packet_write(&again, &twice);
	assert_true(reader_same(writer_written(&w), writer_written(&again)));
	return true;
}

static struct tftp_packet parsed(struct reader bytes)
{
	struct tftp_packet p;
	struct error err = { 0 };
	if (!tftp_packet_parse(bytes, &p, &err))
		print_error("refused: %s\n", err.text);
	assert_int_equal(err.fault, FAULT_NONE);
	assert_true(trip(bytes, &err));
	return p;
}

static void refused(struct reader bytes, const char *words)
{
	refused_with(bytes, trip, FAULT_MALFORMED, words);
}

static void phones_ask_without_options(void **state)
{
	(void)state;
	struct tftp_packet p = parsed(BYTES("\0\1CTLSEP001122334455.tlv\0octet\0"));
	assert_int_equal(p.opcode, TFTP_READ);
	assert_string_equal(p.name, "CTLSEP001122334455.tlv");
	assert_int_equal(p.mode, TFTP_OCTET);
	assert_false(p.options.has_block_size || p.options.has_transfer_size ||
		p.options.has_timeout || p.options.has_window);
}

/* The 20 bytes of an old load's request. */
static void an_extra_nul_is_forgiven(void **state)
{
	(void)state;
	struct tftp_packet p = parsed(BYTES("\0\1OS79XX.TXT\0octet\0\0"));
	assert_string_equal(p.name, "OS79XX.TXT");
	p = parsed(BYTES("\0\1a\0octet\0\0\0\0"));
	assert_string_equal(p.name, "a");
	p = parsed(BYTES("\0\1a\0octet\0blksize\0001024\0\0"));
	assert_int_equal(p.options.block_size, 1024);
	refused(BYTES("\0\1a\0octet\0\0x\0"), "option 1 is cut short");
}

static void every_option_is_understood(void **state)
{
	(void)state;
	struct tftp_packet p = parsed(BYTES("\0\1a\0OcTeT\0BLKSIZE\0001428\0tsize\0000\0timeout"
					    "\0003\0windowsize\0004\0"));
	assert_true(p.options.has_block_size && p.options.has_transfer_size &&
		p.options.has_timeout && p.options.has_window);
	assert_int_equal(p.options.block_size, 1428);
	assert_int_equal(p.options.transfer_size, 0);
	assert_int_equal(p.options.timeout, 3);
	assert_int_equal(p.options.window, 4);
	p = parsed(BYTES("\0\6tsize\00018446744073709551615\0blksize\00065464\0"));
	assert_int_equal(p.opcode, TFTP_OACK);
	assert_true(p.options.transfer_size == UINT64_MAX);
	assert_int_equal(p.options.block_size, 65464);
	p = parsed(BYTES("\0\6"));
	assert_int_equal(p.opcode, TFTP_OACK);
}

static void odd_options_are_dropped(void **state)
{
	(void)state;
	static const struct {
		const char *option;
		size_t size;
	} odd[] = { { LITERAL("blksize\0007\0") }, { LITERAL("blksize\00065465\0") },
		{ LITERAL("blksize\0\0") }, { LITERAL("blksize\000512 \0") },
		{ LITERAL("blksize\000-512\0") }, { LITERAL("blksize\0000x200\0") },
		{ LITERAL("blksize\000512a\0") }, { LITERAL("blocksize\000512\0") },
		{ LITERAL("multicast\0\0") }, { LITERAL("x\0y\0") }, { LITERAL("\xff\0001\0") },
		{ LITERAL("\n\0001\0") }, { LITERAL("blksize\000\xff\0") } };
	for (size_t i = 0; i < COUNT(odd); i++) {
		uint8_t memory[100];
		struct writer w = writer_on(memory, sizeof(memory));
		writer_bytes(&w, BYTES("\0\1a\0octet\0"));
		writer_bytes(&w, reader_of(odd[i].option, odd[i].size));
		writer_bytes(&w, BYTES("timeout\0005\0"));
		struct tftp_packet p = parsed(writer_written(&w));
		assert_false(p.options.has_block_size);
		assert_int_equal(p.options.block_size, 0);
		assert_true(p.options.has_timeout);
	}
}

static void option_ranges_hold_at_both_ends(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value;
		bool fits;
	} cases[] = { { "blksize", "8", true }, { "blksize", "7", false },
		{ "blksize", "65464", true }, { "blksize", "65465", false },
		{ "timeout", "1", true }, { "timeout", "0", false }, { "timeout", "255", true },
		{ "timeout", "256", false }, { "windowsize", "1", true },
		{ "windowsize", "0", false }, { "windowsize", "65535", true },
		{ "windowsize", "65536", false }, { "tsize", "0", true },
		{ "tsize", "18446744073709551616", false } };
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[64] = "\0\6";
		int size = snprintf(
			text + 2, sizeof(text) - 2, "%s%c%s", cases[i].name, 0, cases[i].value);
		struct tftp_packet p = parsed(reader_of(text, (size_t)size + 3));
		bool has = p.options.has_block_size || p.options.has_transfer_size ||
			p.options.has_timeout || p.options.has_window;
		assert_int_equal(has, cases[i].fits);
	}
}

static void the_first_of_two_equal_options_counts(void **state)
{
	(void)state;
	struct tftp_packet p = parsed(BYTES("\0\6blksize\000512\0blksize\0001024\0"));
	assert_int_equal(p.options.block_size, 512);
}

static void options_have_a_limit(void **state)
{
	(void)state;
	uint8_t memory[600];
	for (size_t count = LIMIT_TFTP_OPTIONS; count <= LIMIT_TFTP_OPTIONS + 1; count++) {
		struct writer w = writer_on(memory, sizeof(memory));
		writer_bytes(&w, BYTES("\0\1a\0octet\0"));
		for (size_t i = 0; i < count; i++)
			writer_bytes(&w, BYTES("x\0y\0"));
		if (count == LIMIT_TFTP_OPTIONS)
			(void)parsed(writer_written(&w));
		else
			refused_with(writer_written(&w), trip, FAULT_LIMIT, "more than 8 options");
	}
}

static void requests_are_whole(void **state)
{
	(void)state;
	refused(BYTES("\0\1"), "read request: request is cut short");
	refused(BYTES("\0\1a"), "cut short");
	refused(BYTES("\0\1a\0"), "cut short");
	refused(BYTES("\0\1a\0octet"), "cut short");
	refused(BYTES("\0\1\0octet\0"), "without a file name");
	refused(BYTES("\0\2a\0octe\0"), "write request: mode \"octe\" is unknown");
	refused(BYTES("\0\1a\0\0"), "mode \"\" is unknown");
	refused(BYTES("\0\1a\0oct\x1b[2Jet\0"), "mode \"oct\\x1b[2Jet\" is unknown");
	refused(BYTES("\0\1a\0octet\0blksize"), "option 1 is cut short");
	refused(BYTES("\0\1a\0octet\0blksize\0"), "option 1 is cut short");
	refused(BYTES("\0\1a\0octet\0blksize\000512"), "option 1 is cut short");
	refused(BYTES("\0\1a\nb\0octet\0"), "file name: control byte 0a");
	refused(BYTES("\0\1\xff\0octet\0"), "file name: text is not UTF-8");
}

static void other_modes_are_told(void **state)
{
	(void)state;
	assert_int_equal(parsed(BYTES("\0\1a\0netascii\0")).mode, TFTP_NETASCII);
	assert_int_equal(parsed(BYTES("\0\2a\0MAIL\0")).mode, TFTP_MAIL);
	assert_int_equal(parsed(BYTES("\0\2a\0octet\0")).opcode, TFTP_WRITE);
}

static void names_and_requests_have_limits(void **state)
{
	(void)state;
	uint8_t memory[600];
	for (size_t size = LIMIT_FILE_NAME - 1; size <= LIMIT_FILE_NAME; size++) {
		struct writer w = writer_on(memory, sizeof(memory));
		writer_u16(&w, TFTP_READ);
		for (size_t i = 0; i < size; i++)
			writer_u8(&w, 'x');
		writer_bytes(&w, BYTES("\0octet\0"));
		if (size < LIMIT_FILE_NAME)
			assert_int_equal(strlen(parsed(writer_written(&w)).name), size);
		else
			refused_with(writer_written(&w), trip, FAULT_MALFORMED, "file name");
	}
	memset(memory, 0, sizeof(memory));
	memcpy(memory, "\0\1a\0octet", 10);
	(void)parsed(reader_of(memory, 512));
	refused_with(reader_of(memory, 513), trip, FAULT_MALFORMED, "request of 513 bytes");
}

static void data_is_a_view(void **state)
{
	(void)state;
	static uint8_t block[4 + LIMIT_TFTP_BLOCK + 1] = { 0, 3, 0xff, 0xfe, 'x' };
	struct tftp_packet p = parsed(reader_of(block, 4 + LIMIT_TFTP_BLOCK));
	assert_int_equal(p.block, 0xfffe);
	assert_int_equal(p.data.left, LIMIT_TFTP_BLOCK);
	assert_ptr_equal(p.data.at, block + 4);
	p = parsed(reader_of(block, 4));
	assert_int_equal(p.data.left, 0);
	refused_with(reader_of(block, sizeof(block)), trip, FAULT_LIMIT, "data of 65465 bytes");
	refused(reader_of(block, 3), "without a block number");
	refused(reader_of(block, 2), "without a block number");
}

static void acknowledgements_are_four_bytes(void **state)
{
	(void)state;
	assert_int_equal(parsed(BYTES("\0\4\1\2")).block, 0x0102);
	refused(BYTES("\0\4\1"), "not 4 bytes");
	refused(BYTES("\0\4\1\2\3"), "not 4 bytes");
}

static void errors_speak_harmlessly(void **state)
{
	(void)state;
	struct tftp_packet p = parsed(BYTES("\0\5\0\1File not found\0"));
	assert_int_equal(p.error, TFTP_NOT_FOUND);
	assert_string_equal(p.message, "File not found");
	assert_string_equal(parsed(BYTES("\0\5\0\1no end")).message, "no end");
	assert_string_equal(parsed(BYTES("\0\5\0\1a\0b")).message, "a");
	assert_string_equal(parsed(BYTES("\0\5\0\1\x1b[2J\0")).message, "\\x1b[2J");
	assert_string_equal(parsed(BYTES("\0\5\0\1a\\b\0")).message, "a\\b");
	assert_string_equal(parsed(BYTES("\0\5\xff\xff")).message, "");
	refused(BYTES("\0\5\0"), "error without a code");
	refused(BYTES("\0\5"), "error without a code");
}

static void long_error_texts_are_cut(void **state)
{
	(void)state;
	uint8_t memory[1000] = { 0, 5, 0, 1 };
	for (size_t size = 120; size < 140; size++) {
		memset(memory + 4, 'x', sizeof(memory) - 4);
		struct tftp_packet p = parsed(reader_of(memory, 4 + size));
		size_t shown = strlen(p.message);
		assert_true(size < sizeof(p.message) ? shown == size : shown == 127);
		memory[4] = '\n';
		p = parsed(reader_of(memory, 4 + size));
		assert_true(strlen(p.message) < sizeof(p.message));
		assert_true(text_is_utf8(reader_of_text(p.message)));
	}
}

static void unknown_opcodes_are_refused(void **state)
{
	(void)state;
	for (unsigned opcode = 0; opcode < 65536; opcode += opcode < 300 ? 1 : 251) {
		uint8_t packet[16] = { (uint8_t)(opcode >> 8), (uint8_t)opcode };
		if (opcode >= 1 && opcode <= 6)
			continue;
		refused(reader_of(packet, sizeof(packet)), "is unknown");
	}
	refused(BYTES(""), "too few bytes");
	refused(BYTES("\0"), "too few bytes");
}

static const struct {
	const char *bytes;
	size_t size;
	size_t whole_cuts; /* shorter packets that are packets too */
} valid[] = {
	{ LITERAL("\0\1SEP001122334455.cnf.xml."
		  "sgn\0octet\0blksize\0001024\0tsize\0000\0timeout\0003\0"),
		0 },
	{ LITERAL("\0\2a\0netascii\0"), 0 },
	{ LITERAL("\0\3\0\1data"), 4 },
	{ LITERAL("\0\4\0\1"), 0 },
	{ LITERAL("\0\5\0\1File not found\0"), 15 },
	{ LITERAL("\0\6blksize\0001024\0windowsize\00016\0"), 2 },
};

static void cut_and_changed_packets_do_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++) {
		struct reader packet = reader_of(valid[i].bytes, valid[i].size);
		(void)parsed(packet);
		size_t parsed_cuts = every_truncation(packet, trip);
		if (i > 0) /* a request may be cut between its options */
			assert_int_equal(parsed_cuts, valid[i].whole_cuts);
		assert_true(every_changed_byte(packet, trip, true) > 0);
	}
}

static void a_packet_that_does_not_fit_breaks_the_writer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(valid); i++) {
		struct tftp_packet p = parsed(reader_of(valid[i].bytes, valid[i].size));
		uint8_t memory[128];
		struct writer whole = writer_on(memory, sizeof(memory));
		tftp_packet_write(&whole, &p);
		assert_true(whole.ok);
		for (size_t size = 0; size < whole.used; size++) {
			struct writer w = writer_on(memory, size);
			tftp_packet_write(&w, &p);
			assert_false(w.ok);
		}
	}
}

static void sameness_sees_every_field(void **state)
{
	(void)state;
	struct tftp_packet a = { .opcode = TFTP_READ,
		.name = "a",
		.mode = TFTP_OCTET,
		.data = BYTES("d"),
		.message = "m" };
	struct tftp_packet others[] = { a, a, a, a, a, a, a, a, a, a, a };
	others[0].opcode = TFTP_WRITE;
	others[1].name[0] = 'b';
	others[2].mode = TFTP_MAIL;
	others[3].options.has_block_size = true;
	others[4].options.block_size = 8;
	others[5].options.has_transfer_size = true;
	others[6].options.has_timeout = true;
	others[7].options.has_window = true;
	others[8].block = 1;
	others[9].data.left = 0;
	others[10].message[0] = 'n';
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(tftp_packet_same(&a, &others[i]));
	assert_true(tftp_packet_same(&a, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phones_ask_without_options),
		cmocka_unit_test(an_extra_nul_is_forgiven),
		cmocka_unit_test(every_option_is_understood),
		cmocka_unit_test(odd_options_are_dropped),
		cmocka_unit_test(option_ranges_hold_at_both_ends),
		cmocka_unit_test(the_first_of_two_equal_options_counts),
		cmocka_unit_test(options_have_a_limit),
		cmocka_unit_test(requests_are_whole),
		cmocka_unit_test(other_modes_are_told),
		cmocka_unit_test(names_and_requests_have_limits),
		cmocka_unit_test(data_is_a_view),
		cmocka_unit_test(acknowledgements_are_four_bytes),
		cmocka_unit_test(errors_speak_harmlessly),
		cmocka_unit_test(long_error_texts_are_cut),
		cmocka_unit_test(unknown_opcodes_are_refused),
		cmocka_unit_test(cut_and_changed_packets_do_no_harm),
		cmocka_unit_test(a_packet_that_does_not_fit_breaks_the_writer),
		cmocka_unit_test(sameness_sees_every_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
