/* The files of bulk management: what is in which, and what they are called. */
#include "manager/bulk_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ending[] = ".p12", of_all[] = "_all";

struct parcel *parcel_add(
	struct parcels *p, const struct bulk_type *type, const char *name, struct error *err)
{
	struct parcel *rows = reallocarray(p->rows, p->count + 1, sizeof(*rows));
	if (rows == NULL) {
		(void)fail_memory(err);
		return NULL;
	}
	p->rows = rows;
	struct parcel *row = &rows[p->count++];
	*row = (struct parcel){ .type = type };
	(void)snprintf(row->name, sizeof(row->name), "%s", name);
	return row;
}

void parcels_done(struct parcels *p)
{
	for (size_t i = 0; i < p->count; i++)
		cert_archive_done(&p->rows[i].held);
	free(p->rows);
	*p = (struct parcels){ 0 };
}

void parcel_label_read(const char *label, struct parcel_label *out)
{
	*out = (struct parcel_label){ "", "" };
	(void)snprintf(out->cluster, sizeof(out->cluster), "%s", label);
	char *type = strrchr(out->cluster, '/');
	if (type == NULL)
		return;
	*type = '\0';
	char *node = strrchr(out->cluster, '/');
	if (node == NULL)
		return;
	*node = '\0';
	(void)snprintf(out->node, sizeof(out->node), "%s", node + 1);
}

bool bulk_is_chosen(const struct bulk_type *type, const char *chosen)
{
	return bulk_is_all(chosen) || bulk_type_find(chosen) == type;
}

/* What a file's name may not have becomes a hyphen; an underscore stands between its parts. */
static void write_part(char *out, size_t size, const char *name)
{
	size_t at = 0;
	for (; name[at] != '\0' && at + 1 < size; at++)
		out[at] = isalnum((unsigned char)name[at]) != 0 ? name[at] : '-';
	out[at] = '\0';
}

struct own_walk {
	struct cluster_row cluster;
	const char *chosen;
	struct parcels *out;
};

static bool add_own(const struct own_walk *w, const struct bulk_type *type,
	const struct identity_row *row, struct reader der, struct error *err)
{
	char cluster[NODE_NAME_SIZE], node[NODE_NAME_SIZE], name[BULK_NAME_SIZE];
	char label[ARCHIVE_LABEL_SIZE];
	write_part(cluster, sizeof(cluster), w->cluster.name);
	write_part(node, sizeof(node), row->node);
	(void)snprintf(name, sizeof(name), "%s_%s_%s%s", cluster, node, type->name, ending);
	(void)snprintf(label, sizeof(label), "%s/%s/%s", w->cluster.name, row->node, type->name);
	AUTO(cert) cert = cert_parse(der, err);
	struct parcel *parcel = cert == NULL ? NULL : parcel_add(w->out, type, name, err);
	if (parcel == NULL)
		return false;
	(void)snprintf(parcel->node, sizeof(parcel->node), "%s", row->node);
	return cert_archive_add(&parcel->held, cert, label, err);
}

static bool take_identity(
	const struct identity_row *row, struct reader der, void *into, struct error *err)
{
	const struct own_walk *w = into;
	size_t count;
	const struct bulk_type *types = bulk_types(&count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(types[i].unit, row->unit) == 0 && bulk_is_chosen(&types[i], w->chosen))
			return add_own(w, &types[i], row, der, err);
	return true;
}

bool bulk_own(struct store *s, const char *chosen, struct parcels *out, struct error *err)
{
	struct own_walk walk = { .chosen = chosen, .out = out };
	return store_cluster(s, &walk.cluster, err) &&
		store_identities(s, take_identity, &walk, err);
}

static const struct bulk_type *type_of(const char *name)
{
	char type[BULK_NAME_SIZE];
	const char *last = strrchr(name, '_');
	size_t size = strlen(name);
	if (name[0] == '_' || last == NULL || size <= strlen(ending) ||
		strcmp(name + size - strlen(ending), ending) != 0)
		return NULL;
	(void)snprintf(type, sizeof(type), "%s", last + 1);
	type[strlen(type) - strlen(ending)] = '\0';
	return bulk_type_find(type);
}

bool bulk_listed(struct reader names, const char *chosen, struct parcels *out, struct error *err)
{
	while (names.left > 0) {
		char name[BULK_NAME_SIZE];
		const uint8_t *end = memchr(names.at, '\n', names.left);
		size_t size = end == NULL ? names.left : (size_t)(end - names.at);
		struct reader line = reader_sub(&names, size);
		(void)reader_u8(&names);
		if (size >= sizeof(name))
			continue; /* none of ours */
		reader_copy(&line, name, size);
		name[size] = '\0';
		const struct bulk_type *type = type_of(name);
		if (type != NULL && bulk_is_chosen(type, chosen) &&
			parcel_add(out, type, name, err) == NULL)
			return false;
	}
	return out->count > 0 ||
		fail(err, FAULT_MISSING,
			"no cluster has exported anything of that kind there: `dialtrust bulk "
			"export`");
}

static bool join_one(struct parcel *into, const struct archived *row, struct error *err)
{
	for (size_t i = 0; i < into->held.count; i++)
		if (cert_same(into->held.rows[i].cert, row->cert))
			return true;
	return cert_archive_add(&into->held, row->cert, row->label, err);
}

static bool note_cluster(json_t *clusters, const struct archived *row)
{
	struct parcel_label label;
	size_t index;
	json_t *known;
	parcel_label_read(row->label, &label);
	json_array_foreach (clusters, index, known) {
		if (strcmp(json_string_value(known), label.cluster) == 0)
			return true;
	}
	return json_array_append_new(clusters, json_string(label.cluster)) == 0;
}

static bool join(
	const struct parcel *from, struct parcels *out, json_t *clusters, struct error *err)
{
	struct parcel *into = NULL;
	char name[BULK_NAME_SIZE];
	for (size_t i = 0; i < out->count; i++)
		if (out->rows[i].type == from->type)
			into = &out->rows[i];
	(void)snprintf(name, sizeof(name), "%s_%s%s", of_all, from->type->name, ending);
	if (into == NULL && (into = parcel_add(out, from->type, name, err)) == NULL)
		return false;
	for (size_t i = 0; i < from->held.count; i++)
		if (!join_one(into, &from->held.rows[i], err) ||
			(!note_cluster(clusters, &from->held.rows[i]) && !fail_memory(err)))
			return false;
	return true;
}

bool bulk_joined(
	const struct parcels *from, struct parcels *out, json_t *clusters, struct error *err)
{
	for (size_t i = 0; i < from->count; i++)
		if (!join(&from->rows[i], out, clusters, err))
			return false;
	return json_array_size(clusters) > 1 ||
		fail(err, FAULT_REFUSED,
			"the folder has files of one cluster, %.100s: let the others export first",
			json_string_value(json_array_get(clusters, 0)));
}

bool bulk_expected(const char *chosen, struct parcels *out, struct error *err)
{
	size_t count;
	char name[BULK_NAME_SIZE];
	const struct bulk_type *types = bulk_types(&count);
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "%s_%s%s", of_all, types[i].name, ending);
		if (bulk_is_chosen(&types[i], chosen) &&
			parcel_add(out, &types[i], name, err) == NULL)
			return false;
	}
	return true;
}
