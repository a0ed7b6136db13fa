#pragma once
/*
 * A configuration as elements: read without network and entities, walked in the order of the
 * document, found by paths as configuration_lint.h has them.
 */
#include "base/reader.h"

struct _xmlDoc; /* libxml2's */
struct _xmlNode;

/* NULL: not well-formed; *line and `why` say where and what. */
struct _xmlDoc *configuration_tree_read(struct reader xml, long *line, char *why, size_t size);
/* Elements only, parents before children. NULL: the end. */
const struct _xmlNode *configuration_tree_next(const struct _xmlNode *at);
bool configuration_tree_at(const struct _xmlNode *node, const char *path);
const struct _xmlNode *configuration_tree_find(const struct _xmlDoc *document, const char *path);
/* Where there is nothing but text in it: without blanks around it. Otherwise empty. */
struct reader configuration_tree_text(const struct _xmlNode *node);
/* "device/capfList/capf": cut at the front when it does not fit. */
void configuration_tree_path(const struct _xmlNode *node, char *out, size_t size);
