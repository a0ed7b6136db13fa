#include "trust/vouch.h"

#include <stdlib.h>
#include <string.h>

#include "trust/signer_name.h"
#include "wire/tvs_message.h"

struct vouched {
	struct cert *cert;
	uint8_t roles[TVS_ROLES_MAX];
	size_t role_count;
};

struct vouch {
	struct vouched *rows;
	size_t count, capacity;
};

struct vouch *vouch_new(struct error *err)
{
	struct vouch *v = calloc(1, sizeof(*v));
	if (v == NULL)
		fail_memory(err);
	return v;
}

void vouch_free(struct vouch *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->count; i++)
		cert_free(v->rows[i].cert);
	free(v->rows);
	free(v);
}

static bool room_for_one(struct vouch *v, struct error *err)
{
	if (v->count < v->capacity)
		return true;
	size_t capacity = v->capacity == 0 ? 32 : 2 * v->capacity;
	struct vouched *rows = reallocarray(v->rows, capacity, sizeof(*rows));
	if (rows == NULL)
		return fail_memory(err);
	v->rows = rows;
	v->capacity = capacity;
	return true;
}

static struct vouched *find(const struct vouch *v, struct reader der)
{
	for (size_t i = 0; i < v->count; i++)
		if (reader_same(der, cert_der(v->rows[i].cert)))
			return &v->rows[i];
	return NULL;
}

static bool has_role(const struct vouched *row, uint8_t role)
{
	return memchr(row->roles, role, row->role_count) != NULL;
}

static bool add_roles(
	struct vouched *row, const uint8_t *roles, size_t role_count, struct error *err)
{
	struct vouched grown = *row;
	for (size_t i = 0; i < role_count; i++) {
		if (has_role(&grown, roles[i]))
			continue;
		if (grown.role_count == TVS_ROLES_MAX)
			return fail(err, FAULT_LIMIT, "more than %d roles for %s", TVS_ROLES_MAX,
				cert_subject(row->cert, NAME_APPLIANCE));
		grown.roles[grown.role_count++] = roles[i];
	}
	*row = grown;
	return true;
}

bool vouch_add(struct vouch *v, struct cert *cert, const uint8_t *roles, size_t role_count,
	struct error *err)
{
	struct vouched *known = find(v, cert_der(cert));
	if (known != NULL)
		return add_roles(known, roles, role_count, err);
	struct vouched row = { .cert = cert };
	if (!add_roles(&row, roles, role_count, err) || !room_for_one(v, err))
		return false;
	row.cert = cert_keep(cert);
	v->rows[v->count++] = row;
	return true;
}

static void give(const struct vouched *row, struct vouch_answer *out)
{
	*out = (struct vouch_answer){ row->cert, row->roles, row->role_count };
}

bool vouch_find(const struct vouch *v, struct reader der, struct vouch_answer *out)
{
	const struct vouched *row = find(v, der);
	if (row == NULL)
		return false;
	give(row, out);
	return true;
}

/* The serial first: it is cheap, and nearly always tells. */
static bool is_asked(const struct vouched *row, struct reader subject, struct reader issuer,
	struct reader serial)
{
	return serial_fits(serial, row->cert) && issuer_fits(issuer, row->cert) &&
		subject_fits(subject, row->cert);
}

bool vouch_find_signer(const struct vouch *v, struct reader subject, struct reader issuer,
	struct reader serial, int64_t now, struct vouch_answer *out)
{
	const struct vouched *expired = NULL, *current = NULL;
	size_t expired_count = 0, current_count = 0;
	for (size_t i = 0; i < v->count; i++) {
		const struct vouched *row = &v->rows[i];
		if (!is_asked(row, subject, issuer, serial))
			continue;
		if (cert_not_after(row->cert) < now) {
			expired = row;
			expired_count++;
		} else {
			current = row;
			current_count++;
		}
	}
	bool found = current_count == 1 || (current_count == 0 && expired_count == 1);
	if (found)
		give(current_count == 1 ? current : expired, out);
	return found;
}

size_t vouch_count(const struct vouch *v)
{
	return v->count;
}
