/* What may come next on a command line that is being typed: the same tables as --help and the
 * parser, so that completion knows neither less nor more. completion/dialtrust.bash asks. */
#include <string.h>

#include "cli/cli_impl.h"
#include "cluster/parameter.h"
#include "cluster/service.h"
#include "cluster/unit.h"

enum { COMPLETION_WORDS = 128, CANDIDATE_SIZE = 160 };

enum choice_kind {
	CHOICE_FIXED,
	CHOICE_FILE,
	CHOICE_FOLDER,
	CHOICE_UNIT,
	CHOICE_IDENTITY,
	CHOICE_STORE,
	CHOICE_SERVICE,
	CHOICE_PARAMETER,
	CHOICE_PARAMETER_VALUE,
	CHOICE_RECORD, /* ROLE=CERT */
};

#define KEYS "RSA-2048|RSA-3072|RSA-4096|EC-P256|EC-P384|EC-P521"
#define HASHES "sha1|sha512"

/* clang-format off */
/* By the verb and the name of its argument; NULL: of any verb. The first that fits. */
static const struct choice {
	const char *words, *argument;
	enum choice_kind kind;
	const char *fixed;
} choices[] = {
	{ "list show",     "format",         CHOICE_FIXED, "table|json|cucm" },
	{ "list build",    "name",           CHOICE_FIXED, "ITLFile.tlv|CTLFile.tlv" },
	{ "list build",    "signer-version", CHOICE_FIXED, "none|1.0|1.1" },
	{ "list build",    "ROLE=CERT",      CHOICE_RECORD, NULL },
	{ "cert regen",    "hash",           CHOICE_FIXED, "256|384|512" },
	{ "cert regen",    "key",            CHOICE_FIXED, KEYS },
	{ "cert make",     "key",            CHOICE_FIXED, KEYS },
	{ "csr make",      "key",            CHOICE_FIXED, KEYS },
	{ "cert regen",    "UNIT",           CHOICE_IDENTITY, NULL },
	{ "cert upload",   "UNIT",           CHOICE_IDENTITY, NULL },
	{ "csr make",      "UNIT",           CHOICE_IDENTITY, NULL },
	{ "csr show",      "UNIT",           CHOICE_IDENTITY, NULL },
	{ "csr delete",    "UNIT",           CHOICE_IDENTITY, NULL },
	{ "cert make",     "unit",           CHOICE_IDENTITY, NULL },
	{ "node add",      "role",           CHOICE_FIXED, "subscriber|presence" },
	{ "parameter set", "NAME",           CHOICE_PARAMETER, NULL },
	{ "parameter set", "VALUE",          CHOICE_PARAMETER_VALUE, NULL },
	{ "lab",           "itl-signer",     CHOICE_FIXED, "ITLRecovery|CallManager" },
	{ "cert export",   "UNIT",           CHOICE_IDENTITY, NULL },
	{ NULL,            "for",            CHOICE_FIXED, "contact-center|voicemail|expressway|radius|vpn|emergency|identity-provider|cluster" },
	{ NULL,            "TYPE",           CHOICE_FIXED, "Tomcat|TFTP|CAPF|ITLRecovery|all" },
	{ NULL,            "hash",           CHOICE_FIXED, HASHES },
	{ NULL,            "names",          CHOICE_FIXED, "appliance|builder|builder-2023" },
	{ NULL,            "cert-hash",      CHOICE_FIXED, "md5|sha1|sha256" },
	{ NULL,            "state",          CHOICE_FOLDER, NULL },
	{ NULL,            "UNIT",           CHOICE_UNIT, NULL },
	{ NULL,            "unit",           CHOICE_UNIT, NULL },
	{ NULL,            "STORE",          CHOICE_STORE, NULL },
	{ NULL,            "store",          CHOICE_STORE, NULL },
	{ NULL,            "SERVICE",        CHOICE_SERVICE, NULL },
};
/* What --help calls a value, or a word without a name, that is a file. */
static const char *const files[] = { "FILE", "LIST", "CERT", "KEY", "PATH", "SOURCE", "A", "B" };
static const char *const folders[] = { "DIR", "FOLDER" };
static const char *const everywhere[] = { "--json", "--control", "--help", "--version" };
/* clang-format on */

/* The line up to the cursor; its last word is the one that is being typed. */
struct typed {
	const struct verb_table *table;
	const char *words[COMPLETION_WORDS]; /* without options of every verb and their values */
	size_t count;
	const char *current;
	bool literal;      /* "--" stands before */
	bool behind_equal; /* the shell cut what is typed behind its "=" */
	FILE *to;
};

static void offer(const struct typed *typed, const char *candidate)
{
	if (strncmp(candidate, typed->current, strlen(typed->current)) == 0)
		(void)fprintf(typed->to, "%s\n", candidate);
}

/* Those the shell looks for itself. */
static void offer_files(const struct typed *typed, const char *what)
{
	(void)fprintf(typed->to, ":%s\n", what);
}

static void offer_fixed(const struct typed *typed, const char *values)
{
	char value[CANDIDATE_SIZE];
	for (const char *at = values; *at != '\0'; at += *at == '|') {
		size_t size = strcspn(at, "|");
		(void)snprintf(value, sizeof(value), "%.*s", (int)size, at);
		offer(typed, value);
		at += size;
	}
}

static void offer_units(const struct typed *typed, bool identities, bool stores)
{
	size_t count;
	const struct unit *units = unit_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (units[i].trust ? stores : identities)
			offer(typed, units[i].name);
}

static void offer_services(const struct typed *typed)
{
	size_t count;
	const struct service *services = service_rows(&count);
	for (size_t i = 0; i < count; i++)
		offer(typed, services[i].name);
}

static void offer_parameters(const struct typed *typed)
{
	size_t count;
	const struct parameter *parameters = parameter_rows(&count);
	for (size_t i = 0; i < count; i++)
		offer(typed, parameters[i].name);
}

/* The parameter is the word before. */
static void offer_parameter_values(const struct typed *typed)
{
	const struct parameter *row = parameter_find(typed->words[typed->count - 1]);
	if (row != NULL && row->check == NULL)
		offer_fixed(typed, row->values);
}

static void offer_record(const struct typed *typed)
{
	static const char roles[] = "SAST=|CCM+TFTP=|TFTP=|CAPF=|TVS=";
	if (!typed->behind_equal && strchr(typed->current, '=') == NULL)
		offer_fixed(typed, roles);
	else
		offer_files(typed, "files");
}

static void offer_choice(const struct typed *typed, const struct choice *choice)
{
	switch (choice->kind) {
	case CHOICE_FIXED:
		offer_fixed(typed, choice->fixed);
		return;
	case CHOICE_FILE:
		offer_files(typed, "files");
		return;
	case CHOICE_FOLDER:
		offer_files(typed, "folders");
		return;
	case CHOICE_UNIT:
		offer_units(typed, true, true);
		return;
	case CHOICE_IDENTITY:
		offer_units(typed, true, false);
		return;
	case CHOICE_STORE:
		offer_units(typed, false, true);
		return;
	case CHOICE_SERVICE:
		offer_services(typed);
		return;
	case CHOICE_PARAMETER:
		offer_parameters(typed);
		return;
	case CHOICE_PARAMETER_VALUE:
		offer_parameter_values(typed);
		return;
	case CHOICE_RECORD:
		offer_record(typed);
		return;
	}
}

static bool is_among(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; word != NULL && i < count; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

static void offer_value(
	const struct typed *typed, const struct verb *verb, const struct argument *argument)
{
	for (size_t i = 0; i < COUNT(choices); i++)
		if ((choices[i].words == NULL || strcmp(choices[i].words, verb->words) == 0) &&
			strcmp(choices[i].argument, argument->name) == 0) {
			offer_choice(typed, &choices[i]);
			return;
		}
	const char *called = argument->value != NULL ? argument->value : argument->name;
	if (is_among(called, files, COUNT(files)))
		offer_files(typed, "files");
	else if (is_among(called, folders, COUNT(folders)))
		offer_files(typed, "folders");
}

/* Whether the verb's words are those that the line begins with; how many in *taken. */
static bool begins_with(const struct typed *typed, const char *words, size_t *taken)
{
	size_t at = 0;
	for (; *words != '\0'; at++) {
		size_t size = strcspn(words, " ");
		if (at >= typed->count || strlen(typed->words[at]) != size ||
			strncmp(typed->words[at], words, size) != 0)
			return false;
		words += size + (words[size] == ' ');
	}
	*taken = at;
	return true;
}

/* The option of the verb that a word of the line names. */
static const struct argument *option_of(const struct verb *verb, const char *word)
{
	size_t size = strcspn(word, "=");
	for (const struct argument *a = verb->arguments; a != NULL && a->name != NULL; a++)
		if (a->kind != ARGUMENT_POSITIONAL && strlen(a->name) + 2 == size &&
			strncmp(word, "--", 2) == 0 && strncmp(word + 2, a->name, size - 2) == 0)
			return a;
	return NULL;
}

static void offer_options(const struct typed *typed, const struct verb *verb, size_t taken)
{
	for (const struct argument *a = verb->arguments; a != NULL && a->name != NULL; a++) {
		char option[CANDIDATE_SIZE];
		bool given = false;
		if (a->kind == ARGUMENT_POSITIONAL)
			continue;
		for (size_t i = taken; i < typed->count; i++)
			given = given || option_of(verb, typed->words[i]) == a;
		(void)snprintf(option, sizeof(option), "--%s", a->name);
		if (!given)
			offer(typed, option);
	}
}

static const struct argument *positional_at(const struct verb *verb, size_t index)
{
	const struct argument *last = NULL;
	for (const struct argument *a = verb->arguments; a != NULL && a->name != NULL; a++) {
		if (a->kind != ARGUMENT_POSITIONAL)
			continue;
		last = a;
		if (index-- == 0)
			return a;
	}
	return verb->repeats ? last : NULL;
}

/* Behind the verb's own words: the value of an option, an option, or the next word without name. */
static void offer_argument(const struct typed *typed, const struct verb *verb, size_t taken)
{
	size_t positionals = 0;
	const struct argument *open = NULL;
	for (size_t i = taken; i < typed->count; i++) {
		const struct argument *option =
			open == NULL ? option_of(verb, typed->words[i]) : NULL;
		bool whole = option != NULL && strchr(typed->words[i], '=') != NULL;
		positionals += open == NULL && strncmp(typed->words[i], "--", 2) != 0;
		open = option != NULL && option->kind == ARGUMENT_OPTION && !whole ? option : NULL;
	}
	if (open != NULL) {
		offer_value(typed, verb, open);
	} else if (!typed->literal && typed->current[0] == '-') {
		offer_options(typed, verb, taken);
	} else {
		const struct argument *next = positional_at(verb, positionals);
		if (next != NULL)
			offer_value(typed, verb, next);
	}
}

/* Once each: verbs of a group stand together. */
static void offer_words(const struct typed *typed)
{
	char before[CANDIDATE_SIZE] = "";
	for (size_t i = 0; i < typed->table->count; i++) {
		const char *words = typed->table->verbs[i].words;
		size_t at = 0;
		for (; at < typed->count && *words != '\0'; at++) {
			size_t size = strcspn(words, " ");
			if (strlen(typed->words[at]) != size ||
				strncmp(typed->words[at], words, size) != 0)
				break;
			words += size + (words[size] == ' ');
		}
		char word[CANDIDATE_SIZE];
		(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(words, " "), words);
		if (at < typed->count || word[0] == '\0' || strcmp(word, before) == 0)
			continue;
		offer(typed, word);
		(void)snprintf(before, sizeof(before), "%s", word);
	}
}

/* The words before the one that is typed, without options of every verb. "--name = value", as
 * shells take it apart, is "--name value". */
static bool read_words(struct typed *typed, int count, char **words)
{
	bool control = false;
	for (int i = 0; i + 1 < count && typed->count < COMPLETION_WORDS; i++) {
		const char *word = words[i];
		bool apart = strcmp(word, "=") == 0 && i > 0 && strncmp(words[i - 1], "--", 2) == 0;
		if (typed->literal) {
			typed->words[typed->count++] = word;
		} else if (apart) {
			continue;
		} else if (control) {
			control = false;
		} else if (strcmp(word, "--") == 0) {
			typed->literal = true;
		} else if (strcmp(word, "--control") == 0) {
			control = true;
		} else if (!is_among(word, everywhere, COUNT(everywhere)) &&
			strncmp(word, "--control=", 10) != 0) {
			typed->words[typed->count++] = word;
		}
	}
	return control;
}

void completion_print(const struct verb_table *table, int count, char **words, FILE *to)
{
	struct typed typed = {
		.table = table, .current = count > 0 ? words[count - 1] : "", .to = to
	};
	bool equal = strcmp(typed.current, "=") == 0;
	typed.behind_equal = equal || (count > 1 && strcmp(words[count - 2], "=") == 0);
	typed.current = equal ? "" : typed.current;
	if (read_words(&typed, count, words)) {
		offer_files(&typed, "files");
		return;
	}
	size_t longest = 0, taken;
	for (size_t i = 0; i < table->count; i++)
		if (begins_with(&typed, table->verbs[i].words, &taken) && taken > longest)
			longest = taken;
	for (size_t i = 0; longest > 0 && i < table->count; i++)
		if (begins_with(&typed, table->verbs[i].words, &taken) && taken == longest)
			offer_argument(&typed, &table->verbs[i], taken);
	if (longest == 0 && typed.current[0] != '-')
		offer_words(&typed);
	for (size_t i = 0; typed.current[0] == '-' && !typed.literal && i < COUNT(everywhere); i++)
		offer(&typed, everywhere[i]);
}
