#pragma once
/*
 * Which files of a folder, and of the folders in it, are signed, and under which names: all regular
 * files but those that are signed already, trust lists, keys, databases, and what begins with a
 * dot. Links are not followed.
 */
#include <stddef.h>

#include "base/error.h"

struct signing_folder {
	size_t count;
	char **names; /* "Desktops/320x196x4/List.xml", sorted; owned */
};

/* FAULT_LIMIT: folders in folders in folders, or a name that no phone could ask for. */
bool signing_folder_read(int dirfd, struct signing_folder *out, struct error *err) MUST_CHECK;
/* Nobody else signs into this folder while dirfd is open (FAULT_REFUSED), and what a run that was
 * killed left half written in it is removed. */
bool signing_folder_claim(int dirfd, struct error *err) MUST_CHECK;
void signing_folder_done(struct signing_folder *folder);
