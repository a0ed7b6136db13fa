#pragma once
/*
 * What can be made out of a trust list that is not one by our rules: its tags, one line each,
 * unknown ones called so, until the bytes stop making sense. To look at, never to judge.
 * docs/list.md#broken-lists
 */
#include <stdio.h>

#include "base/reader.h"

/* Nothing where the bytes do not even start like one. */
void broken_list_print(FILE *to, const char *source, struct reader file);
