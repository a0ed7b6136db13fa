/* The function of every operation: the only place where ops/ and the manager meet. */
#include "manager/manager_impl.h"

static const struct binding bindings[] = {
	/* clang-format off */
	{ OP_CLUSTER_INIT,    cluster_init,    false },
	{ OP_CLUSTER_SHOW,    cluster_show,    false },
	{ OP_NODE_ADD,        node_add,        false },
	{ OP_NODE_LIST,       node_list,       false },
	{ OP_CERT_LIST,       cert_list,       false },
	{ OP_CERT_SHOW,       cert_show,       false },
	{ OP_CERT_REGEN,      cert_regen,      true },
	{ OP_LIST_STATUS,     list_status,     false },
	{ OP_SERVICE_LIST,    service_list,    false },
	{ OP_SERVICE_RESTART, service_restart, true },
	{ OP_PHONE_LIST,      phone_list,      false },
	{ OP_PARAMETER_LIST,  parameter_list,  false },
	{ OP_PARAMETER_SET,   parameter_set,   false },
	{ OP_AUDIT_LIST,      audit_list,      false },
	/* clang-format on */
};

const struct binding *binding_find(enum op_id id)
{
	for (size_t i = 0; i < COUNT(bindings); i++)
		if (bindings[i].id == id)
			return &bindings[i];
	return NULL;
}
