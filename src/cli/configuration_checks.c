#include "cli/configuration_checks.h"

#include <libxml/tree.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "cli/configuration_tree.h"

enum { TEXT_SIZE = 512 };

/* The value as a C string; false: it is empty, or longer than any value that is right. */
static bool text_of(const struct lint_place *place, char out[static TEXT_SIZE])
{
	return place->value.left > 0 && text_from(place->value, out, TEXT_SIZE, NULL);
}

static bool listed(const char *list, const char *text)
{
	size_t wanted = strlen(text);
	for (const char *at = list; *at != '\0'; at += *at == '|') {
		size_t size = strcspn(at, "|");
		if (size == wanted && strncmp(at, text, size) == 0)
			return true;
		at += size;
	}
	return false;
}

bool lint_among(struct lint_place *place)
{
	char text[TEXT_SIZE];
	return text_of(place, text) && listed(place->rule->argument, text);
}

bool lint_not_among(struct lint_place *place)
{
	char text[TEXT_SIZE];
	return place->value.left > 0 &&
		(!text_of(place, text) || !listed(place->rule->argument, text));
}

bool lint_filled(struct lint_place *place)
{
	return place->value.left > 0;
}

bool lint_empty(struct lint_place *place)
{
	return place->value.left == 0;
}

static uint64_t number_at(const char *text)
{
	uint64_t number = 0;
	for (; *text >= '0' && *text <= '9'; text++)
		number = 10 * number + (uint64_t)(*text - '0');
	return number;
}

bool lint_not_number(struct lint_place *place)
{
	char text[TEXT_SIZE];
	uint64_t number, min = number_at(place->rule->argument);
	uint64_t max = number_at(place->rule->argument + strcspn(place->rule->argument, "-") + 1);
	return place->value.left > 0 &&
		(!text_of(place, text) || !text_number(text, min, max, &number));
}

bool lint_longer(struct lint_place *place)
{
	return place->value.left > number_at(place->rule->argument);
}

bool lint_begins(struct lint_place *place)
{
	char text[TEXT_SIZE];
	return text_of(place, text) &&
		strncmp(text, place->rule->argument, strlen(place->rule->argument)) == 0;
}

bool lint_ends(struct lint_place *place)
{
	char text[TEXT_SIZE];
	size_t size = strlen(place->rule->argument);
	return text_of(place, text) && strlen(text) >= size &&
		strcmp(text + strlen(text) - size, place->rule->argument) == 0;
}

bool lint_holds(struct lint_place *place)
{
	char text[TEXT_SIZE];
	return text_of(place, text) && strpbrk(text, place->rule->argument) != NULL;
}

static const xmlNode *same_before(const xmlNode *node)
{
	for (const xmlNode *at = node->prev; at != NULL; at = at->prev)
		if (at->type == XML_ELEMENT_NODE &&
			strcmp((const char *)at->name, (const char *)node->name) == 0)
			return at;
	return NULL;
}

/* How many of its name stand before it; more than `most` are not counted. */
static uint64_t count_before(const xmlNode *node, uint64_t most)
{
	uint64_t count = 0;
	for (; count <= most && (node = same_before(node)) != NULL; count++)
		continue;
	return count;
}

bool lint_beyond(struct lint_place *place)
{
	uint64_t most = number_at(place->rule->argument);
	return count_before(place->node, most) == most;
}

static size_t hex_digits(const char *text)
{
	size_t size = strspn(text, "0123456789abcdefABCDEF");
	return text[size] == '\0' ? size : 0;
}

bool lint_not_hash(struct lint_place *place)
{
	char text[TEXT_SIZE], size[24];
	if (place->value.left == 0)
		return false;
	if (!text_of(place, text))
		return true;
	(void)snprintf(size, sizeof(size), "%zu", hex_digits(text));
	return !listed(place->rule->argument, size);
}

bool lint_upper_hex(struct lint_place *place)
{
	char text[TEXT_SIZE];
	return text_of(place, text) && hex_digits(text) > 0 && strpbrk(text, "ABCDEF") != NULL;
}

bool lint_not_base64(struct lint_place *place)
{
	char text[TEXT_SIZE], size[24];
	AUTO_DONE(bytes) hash = { 0 };
	if (place->value.left == 0 || strncmp((const char *)place->node->name, "certHash", 8) != 0)
		return false;
	if (!text_of(place, text) || !base64_read(text, &hash, NULL))
		return true;
	(void)snprintf(size, sizeof(size), "%zu", hash.size);
	return !listed(place->rule->argument, size);
}

/* Which numbers stand in the list, as bits; false: something else does. */
static bool read_numbers(const struct lint_place *place, uint64_t most, uint64_t *out)
{
	char text[TEXT_SIZE];
	*out = 0;
	if (place->value.left == 0)
		return true;
	if (!text_of(place, text))
		return false;
	for (char *at = text;; at++) {
		at += strspn(at, " ");
		size_t digits = strspn(at, "0123456789");
		uint64_t number = number_at(at);
		if (digits == 0 || digits > 2 || number < 1 || number > most)
			return false;
		*out |= UINT64_C(1) << number;
		at += digits + strspn(at + digits, " ");
		if (*at == '\0')
			return true;
		if (*at != ',')
			return false;
	}
}

bool lint_ciphers(struct lint_place *place)
{
	uint64_t numbers;
	return !read_numbers(place, number_at(place->rule->argument), &numbers);
}

bool lint_no_cipher_left(struct lint_place *place)
{
	uint64_t numbers, most = number_at(place->rule->argument);
	return read_numbers(place, most, &numbers) && numbers == (UINT64_C(2) << most) - 2;
}

/* 255: it has none that is a number. */
static uint64_t priority_of(const xmlNode *node, uint64_t most)
{
	uint64_t number = 255;
	xmlChar *text = xmlGetProp((xmlNode *)(uintptr_t)node, (const xmlChar *)"priority");
	if (text == NULL || !text_number((const char *)text, 0, most, &number))
		number = 255;
	xmlFree(text);
	return number;
}

bool lint_no_priority(struct lint_place *place)
{
	return priority_of(place->node, number_at(place->rule->argument)) == 255;
}

bool lint_priority_again(struct lint_place *place)
{
	enum { MEMBERS = 16 };
	uint64_t own = priority_of(place->node, 254);
	const xmlNode *before = place->node;
	for (int i = 0; i < MEMBERS && own != 255 && (before = same_before(before)) != NULL; i++)
		if (priority_of(before, 254) == own)
			return true;
	return false;
}

bool lint_guessable(struct lint_place *place)
{
	const xmlNode *user =
		configuration_tree_find(place->scene->document, place->rule->argument);
	char text[TEXT_SIZE], name[TEXT_SIZE];
	struct lint_place other = { .value = user == NULL ? reader_of(NULL, 0)
							  : configuration_tree_text(user) };
	if (!text_of(place, text))
		return false;
	return listed("cisco|Cisco|admin|password|1234|12345|123456|default|phone", text) ||
		(text_of(&other, name) && text_same_nocase(text, name));
}

static bool ends_like(const char *name, const char *end)
{
	size_t size = strlen(name), tail = strlen(end);
	return size >= tail && text_same_nocase(name + size - tail, end);
}

/* Is the name of an element the last of some rule's path? */
static bool is_judged(const char *name)
{
	size_t count;
	const struct lint_rule *rules = lint_rules(&count);
	for (size_t i = 0; i < count; i++) {
		const char *path = rules[i].path == NULL ? "" : rules[i].path;
		const char *last = strrchr(path, '/');
		if (strcmp(last == NULL ? path : last + 1, name) == 0)
			return true;
	}
	return false;
}

bool lint_secret_name(struct lint_place *place)
{
	static const char *const ends[] = { "password", "passphrase", "passwd", "secret", "psk" };
	const char *name = (const char *)place->node->name;
	if (place->value.left == 0 || is_judged(name))
		return false;
	for (size_t i = 0; i < COUNT(ends); i++)
		if (ends_like(name, ends[i]))
			return true;
	return false;
}

/* The name of the rules that this one is when letters of both cases are the same; NULL: none. */
static const char *known_spelling(const char *name)
{
	static char const *const more[] = { "device", "Default", "TVS", "members", "vpnGroup",
		"vendorConfig", "transportLayerSecurityProtocol" };
	size_t count;
	const struct lint_rule *rules = lint_rules(&count);
	for (size_t i = 0; i < COUNT(more); i++)
		if (text_same_nocase(more[i], name))
			return more[i];
	for (size_t i = 0; i < count; i++) {
		const char *path = rules[i].path == NULL ? "*" : rules[i].path;
		const char *slash = strrchr(path, '/');
		const char *last = slash == NULL ? path : slash + 1;
		if (text_same_nocase(last, name))
			return last;
	}
	return NULL;
}

bool lint_wrong_case(struct lint_place *place)
{
	const char *name = (const char *)place->node->name, *known = known_spelling(name);
	if (known == NULL || strcmp(known, name) == 0)
		return false;
	place->value = reader_of(NULL, 0);
	(void)snprintf(place->detail, sizeof(place->detail), "meant: %s", known);
	return true;
}

bool lint_twice(struct lint_place *place)
{
	const char *name = (const char *)place->node->name, *known = known_spelling(name);
	if (known == NULL || strcmp(known, name) != 0 || listed(place->rule->argument, name))
		return false;
	place->value = reader_of(NULL, 0);
	return count_before(place->node, 1) == 1;
}

bool lint_misplaced(struct lint_place *place)
{
	const char *name = (const char *)place->node->name;
	if (!listed(place->rule->argument, name) || configuration_tree_at(place->node, name))
		return false;
	place->value = reader_of(NULL, 0);
	return true;
}
