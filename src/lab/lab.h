#pragma once
/*
 * `dialtrust lab`: a whole cluster on one machine, with phones. Daemons of their own on loopback
 * addresses, one database, phones that boot, certificates that are regenerated before their eyes;
 * everything told as it happens. What it makes stays in one directory, and a lab that is started
 * there again goes on with that cluster. docs/lab.md
 */
#include "cli/cli.h"

extern const struct verb lab_verb;
