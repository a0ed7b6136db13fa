#pragma once
/*
 * A trust list as the appliance prints it for `show itl` and `show ctl`: its columns, its
 * misspellings, and BYTEPOS, which is the number of the tag.
 * docs/list.md#as-the-appliance-prints-it
 */
#include <stdio.h>

#include "wire/trust_list.h"

/* `list` was parsed from `file`; `verified` is what the last line says. */
void list_cucm_print(FILE *to, struct reader file, const struct trust_list *list, bool verified);
/* What it prints for a list that is missing, empty or broken; `source` says of which kind it was
 * to be. */
void list_cucm_print_unreadable(FILE *to, const char *source, struct reader file);
