#pragma once
/*
 * The door for operators: HTTP/1.1 and JSON on the node's Unix socket. It knows which operations
 * there are (ops/) and who may ask (SO_PEERCRED); it holds neither key nor database and hands every
 * question to the manager.
 */
#include "run/settings.h"

/* Until it is asked to end. */
bool admin_run(const struct settings *settings, struct error *err);
