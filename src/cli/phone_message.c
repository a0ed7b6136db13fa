#include "cli/phone_message.h"

#include <string.h>

#include "base/nearest.h"
#include "base/text.h"

enum { SHARED_WORD_MIN = 3 }; /* letters; "of" and "to" tell nothing */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool fills(char placeholder, char c)
{
	if (placeholder == '%')
		return is_letter(c) || c == '-';
	return c != '\0' && !is_blank(c) && c != '<' && c != '>';
}

static size_t blanks_at(const char *text)
{
	size_t blanks = 0;
	while (is_blank(text[blanks]))
		blanks++;
	return blanks;
}

static bool matches_here(const char *words, const char *text, char before);

/* A placeholder takes as few characters as the rest of the words lets it, one at least. */
static bool matches_filled(const char *words, const char *text)
{
	for (size_t i = 0; fills(words[0], text[i]); i++)
		if (matches_here(words + 1, text + i + 1, text[i]))
			return true;
	return false;
}

/* `before` is the last character of text that was matched: a word does not end inside another. */
static bool matches_here(const char *words, const char *text, char before)
{
	for (; *words != '\0'; words++) {
		if (*words == '%' || *words == '*')
			return matches_filled(words, text);
		if (*words == ':' || *words == '(')
			text += blanks_at(text); /* models differ in these */
		if (*words == ' ') {
			size_t blanks = blanks_at(text);
			if (blanks == 0)
				return false;
			text += blanks;
			before = ' ';
			continue;
		}
		if (lower(*words) != lower(*text))
			return false;
		before = *text++;
	}
	return !is_letter(before) || !is_letter(*text);
}

static bool stands_in(const char *words, const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		bool inside = at > text && is_letter(at[-1]) && is_letter(*at);
		if (!inside && matches_here(words, at, ' '))
			return true;
	}
	return false;
}

static bool explains(const struct phone_message *row, const char *text)
{
	if (row->unless != NULL && stands_in(row->unless, text))
		return false;
	for (size_t i = 0; i < MESSAGE_WORDS && row->words[i] != NULL; i++)
		if (stands_in(row->words[i], text))
			return true;
	return false;
}

/* How many letters of `known` belong to words that stand in the text too. */
static size_t shared_letters(const char *known, const char *text)
{
	size_t shared = 0;
	while (*known != '\0') {
		char word[32];
		size_t size = 0;
		while (is_letter(known[size]))
			size++;
		if (size >= SHARED_WORD_MIN && size < sizeof(word)) {
			struct reader from = reader_of(known, size);
			if (text_from(from, word, sizeof(word), NULL) && stands_in(word, text))
				shared += size;
		}
		known += size > 0 ? size : 1;
	}
	return shared;
}

/* A few letters wrong, or else the row that has most of its words in common with the line. */
static const char *nearest_words(const char *text)
{
	size_t count, best = 0;
	const struct phone_message *rows = phone_message_rows(&count);
	const char *most = NULL;
	struct nearest near = nearest_to(text);
	for (size_t i = 0; i < count * MESSAGE_WORDS; i++) {
		const char *words = rows[i / MESSAGE_WORDS].words[i % MESSAGE_WORDS];
		if (words == NULL)
			continue;
		nearest_offer(&near, words);
		size_t shared = shared_letters(words, text);
		if (shared > best) {
			best = shared;
			most = words;
		}
	}
	return near.best != NULL ? near.best : most;
}

const struct phone_message *phone_message_find(const char *text, struct error *err)
{
	char shown[120];
	size_t count, size = strlen(text);
	const struct phone_message *rows = phone_message_rows(&count);
	if (size > MESSAGE_TEXT_MAX) {
		fail(err, FAULT_LIMIT, "a line of %zu bytes, at most %d are looked at", size,
			MESSAGE_TEXT_MAX);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		if (explains(&rows[i], text))
			return &rows[i];
	const char *near = nearest_words(text);
	(void)text_escape(reader_of_text(text), shown, sizeof(shown));
	if (near != NULL)
		fail(err, FAULT_MISSING, "\"%s\" is not known; \"%s\" is the nearest that is",
			shown, near);
	else
		fail(err, FAULT_MISSING,
			"\"%s\" is not known, nor is anything like it: see `dialtrust explain "
			"--help`",
			shown);
	return NULL;
}

const char *message_level_name(enum message_level level)
{
	switch (level) {
	case MESSAGE_FINE:
		return "fine";
	case MESSAGE_NOTICE:
		return "notice";
	case MESSAGE_TROUBLE:
		return "trouble";
	}
	return "trouble";
}
