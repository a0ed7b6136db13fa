/* Lines: edited, with history and completion, on a terminal; as they come elsewhere. */
#include <editline/readline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "shell/shell_impl.h"

/* Puts the n-th word that may follow what is typed before the cursor; NULL: no more. */
static char *offer(const char *begun, int again)
{
	static size_t at; /* libedit asks for one after the other and keeps no state for us */
	size_t count, typed = (size_t)rl_point - strlen(begun);
	const struct shell_command *commands = shell_commands(&count);
	if (again == 0)
		at = 0;
	while (at < count) {
		const char *words = commands[at++].words;
		const char *before = at > 1 ? commands[at - 2].words : "";
		size_t size = typed + strcspn(words + (strlen(words) < typed ? 0 : typed), " ");
		if (strncmp(words, rl_line_buffer, (size_t)rl_point) != 0 ||
			(strncmp(words, before, size) == 0 &&
				(before[size] == ' ' || before[size] == '\0')))
			continue;
		return strndup(words + typed, size - typed);
	}
	return NULL;
}

static char **complete(const char *begun, int from, int to)
{
	(void)from; /* rl_point says the same */
	(void)to;
	rl_attempted_completion_over = 1; /* never names of files */
	return rl_completion_matches(begun, offer);
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
