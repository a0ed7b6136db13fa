#pragma once
/*
 * The process that puts identities where programs beside the daemon read them. It hears only its
 * manager, has a key only while it places it, and alone of a node's processes keeps the rights of
 * whoever started the daemon, where there is a hook that needs them. docs/deploy-hooks.md
 */
#include "run/settings.h"

bool deployer_run(const struct settings *settings, struct error *err) MUST_CHECK;
