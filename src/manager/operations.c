/* The function of every operation: the only place where ops/ and the manager meet. */
#include "manager/bulk_impl.h"
#include "manager/csr_impl.h"

static const struct binding bindings[] = {
	/* clang-format off */
	{ OP_CLUSTER_INIT,    cluster_init,    false, NULL },
	{ OP_CLUSTER_SHOW,    cluster_show,    false, NULL },
	{ OP_NODE_ADD,        node_add,        false, NULL },
	{ OP_NODE_LIST,       node_list,       false, NULL },
	{ OP_CERT_LIST,       cert_list,       false, NULL },
	{ OP_CERT_SHOW,       cert_show,       false, NULL },
	{ OP_CERT_REGEN,      cert_regen,      true,  cert_regen_check },
	{ OP_LIST_STATUS,     list_status,     false, NULL },
	{ OP_SERVICE_LIST,    service_list,    false, NULL },
	{ OP_SERVICE_RESTART, service_restart, true,  NULL },
	{ OP_PHONE_LIST,      phone_list,      false, NULL },
	{ OP_PARAMETER_LIST,  parameter_list,  false, NULL },
	{ OP_PARAMETER_SET,   parameter_set,   false, NULL },
	{ OP_AUDIT_LIST,      audit_list,      false, NULL },
	{ OP_TRUST_REVIEW,    trust_review,    false, NULL },
	{ OP_TRUST_DELETE,    trust_delete,    false, NULL },
	{ OP_TRUST_DELETED,   trust_deleted,   false, NULL },
	{ OP_EXPIRY_LIST,     expiry_list,     false, NULL },
	{ OP_SERVICE_ACTIVATE, service_activate, true, NULL },
	{ OP_SERVICE_DEACTIVATE, service_deactivate, true, NULL },
	{ OP_IMPACT,          impact_show,     false, NULL },
	{ OP_CSR_MAKE,        csr_make,        true,  csr_make_check },
	{ OP_CSR_LIST,        csr_list,        false, NULL },
	{ OP_CSR_SHOW,        csr_show,        false, NULL },
	{ OP_CSR_DELETE,      csr_delete,      true,  NULL },
	{ OP_CERT_UPLOAD,     cert_upload,     true,  cert_upload_check },
	{ OP_TRUST_UPLOAD,    trust_upload,    false, NULL },
	{ OP_BULK_SERVER,     bulk_server,     false, NULL },
	{ OP_BULK_EXPORT,     bulk_export,     false, NULL },
	{ OP_BULK_CONSOLIDATE, bulk_consolidate, false, NULL },
	{ OP_BULK_IMPORT,     bulk_import,     false, NULL },
	{ OP_TRUST_IMPORT_MANUFACTURING, trust_import_manufacturing, false, NULL },
	{ OP_HOOK_LIST,       hook_list,       false, NULL },
	/* clang-format on */
};

const struct binding *binding_find(enum op_id id)
{
	for (size_t i = 0; i < COUNT(bindings); i++)
		if (bindings[i].id == id)
			return &bindings[i];
	return NULL;
}
