/* Lines: edited, with history and completion, on a terminal; as they come elsewhere. */
#include <editline/readline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "shell/shell_impl.h"

/* The word of a command that may follow what is typed before the cursor; NULL: none, or the one
 * that the row before it offers. */
static char *offer(const char *words, const char *before, size_t typed)
{
	size_t size = typed + strcspn(words + (strlen(words) < typed ? 0 : typed), " ");
	if (strncmp(words, rl_line_buffer, (size_t)rl_point) != 0 ||
		(strncmp(words, before, size) == 0 &&
			(before[size] == ' ' || before[size] == '\0')))
		return NULL;
	return strndup(words + typed, size - typed);
}

static char *common_start(char *const *offers)
{
	size_t size = strlen(offers[0]);
	for (size_t i = 1; offers[i] != NULL; i++)
		while (strncmp(offers[0], offers[i], size) != 0)
			size--;
	return strndup(offers[0], size);
}

/* Made whole here: libedit's own way would ask for one after the other and keep no state for us.
 * It frees the list: what all have in common, each, and NULL. */
static char **complete(const char *begun, int from, int to)
{
	(void)from; /* rl_point says the same */
	(void)to;
	rl_attempted_completion_over = 1; /* never names of files */
	size_t count, found = 0, typed = (size_t)rl_point - strlen(begun);
	const struct shell_command *commands = shell_commands(&count);
	char **list = calloc(count + 3, sizeof(*list)); /* libedit looks at the third of any list */
	for (size_t i = 0; list != NULL && i < count; i++) {
		char *word = offer(commands[i].words, i > 0 ? commands[i - 1].words : "", typed);
		if (word != NULL)
			list[++found] = word;
	}
	if (found > 0 && (list[0] = common_start(list + 1)) != NULL)
		return list;
	for (size_t i = 1; i <= found; i++)
		free(list[i]);
	free(list);
	return NULL;
}

static bool edited(const char *prompt, char out[static SHELL_LINE])
{
	rl_attempted_completion_function = complete;
	char *line = readline(prompt);
	if (line == NULL)
		return false;
	if (line[0] != '\0')
		(void)add_history(line);
	(void)snprintf(out, SHELL_LINE, "%s", line);
	free(line);
	return true;
}

/* Lines of --command are divided by semicolons or newlines. */
static bool scripted(struct shell *s, char out[static SHELL_LINE])
{
	if (*s->script == '\0')
		return false;
	size_t size = strcspn(s->script, ";\n");
	(void)snprintf(out, SHELL_LINE, "%.*s", (int)size, s->script);
	s->script += size + (s->script[size] != '\0');
	return true;
}

bool shell_line(struct shell *s, const char *prompt, char out[static SHELL_LINE])
{
	if (s->interactive)
		return edited(prompt, out);
	(void)fputs(prompt, stdout);
	(void)fflush(stdout);
	if (s->script != NULL)
		return scripted(s, out);
	if (fgets(out, SHELL_LINE, stdin) == NULL)
		return false;
	out[strcspn(out, "\n")] = '\0';
	return true;
}

bool shell_yes(struct shell *s, const char *prompt)
{
	char line[SHELL_LINE];
	return shell_line(s, prompt, line) &&
		(text_same_nocase(line, "yes") || text_same_nocase(line, "y"));
}
