/*
 * libcurl and libxml2 bring some forty libraries along, which take longer to load than most verbs
 * take altogether. Here is every function of theirs that the command line calls, under its own
 * name: the first call loads the library, so that `dialtrust` does not begin with it. A function
 * that is missing here makes the whole library part of the start again; tests/system/test_start.py
 * tells.
 */
#define CURL_DISABLE_TYPECHECK
#include <assert.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CURL_LIBRARY "libcurl.so.4"
#define XML_LIBRARY "libxml2.so.2"

/* A verb without its library is a broken installation: there is nobody to hand an error to. */
static void *late(const char *library, const char *name)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_GLOBAL | RTLD_NODELETE);
	void *found = handle != NULL ? dlsym(handle, name) : NULL;
	if (found != NULL)
		return found;
	(void)fprintf(stderr, "dialtrust: %s cannot be used: %s\n", library, dlerror());
	exit(EXIT_FAILURE);
}

/* The parentheses around the name keep a macro of that name away. */
#define LATE(library, result, name, parameters, arguments)                                         \
	result(name) parameters                                                                    \
	{                                                                                          \
		return ((result(*) parameters)late(library, #name))arguments;                      \
	}
#define LATE_VOID(library, name, parameters, arguments)                                            \
	void(name) parameters                                                                      \
	{                                                                                          \
		((void(*) parameters)late(library, #name)) arguments;                              \
	}

/* What follows the option is one long, one pointer or one curl_off_t. */
static_assert(sizeof(void *) == sizeof(long) && sizeof(void *) == sizeof(curl_off_t),
	"one way to hand on the value of an option");

#define LATE_OPTION(result, name, handle_type, option_type)                                        \
	result(name)(handle_type * handle, option_type option, ...)                                \
	{                                                                                          \
		va_list rest;                                                                      \
		va_start(rest, option);                                                            \
		void *value = va_arg(rest, void *);                                                \
		va_end(rest);                                                                      \
		return ((result(*)(handle_type *, option_type, ...))late(CURL_LIBRARY, #name))(    \
			handle, option, value);                                                    \
	}

/* clang-format off */

LATE_OPTION(CURLcode, curl_easy_setopt, CURL, CURLoption)
LATE_OPTION(CURLcode, curl_easy_getinfo, CURL, CURLINFO)
LATE_OPTION(CURLMcode, curl_multi_setopt, CURLM, CURLMoption)

LATE(CURL_LIBRARY, CURLcode, curl_global_init, (long flags), (flags))
LATE_VOID(CURL_LIBRARY, curl_global_cleanup, (void), ())
LATE(CURL_LIBRARY, CURL *, curl_easy_init, (void), ())
LATE_VOID(CURL_LIBRARY, curl_easy_cleanup, (CURL *handle), (handle))
LATE(CURL_LIBRARY, const char *, curl_easy_strerror, (CURLcode code), (code))
LATE(CURL_LIBRARY, CURLM *, curl_multi_init, (void), ())
LATE(CURL_LIBRARY, CURLMcode, curl_multi_cleanup, (CURLM *multi), (multi))
LATE(CURL_LIBRARY, CURLMcode, curl_multi_add_handle, (CURLM *multi, CURL *easy), (multi, easy))
LATE(CURL_LIBRARY, CURLMcode, curl_multi_remove_handle, (CURLM *multi, CURL *easy), (multi, easy))
LATE(CURL_LIBRARY, CURLMcode, curl_multi_assign, (CURLM *multi, curl_socket_t fd, void *own), (multi, fd, own))
LATE(CURL_LIBRARY, CURLMsg *, curl_multi_info_read, (CURLM *multi, int *left), (multi, left))
LATE(CURL_LIBRARY, CURLMcode, curl_multi_socket_action,
	(CURLM *multi, curl_socket_t fd, int what, int *running), (multi, fd, what, running))
LATE(CURL_LIBRARY, struct curl_slist *, curl_slist_append,
	(struct curl_slist *list, const char *text), (list, text))
LATE_VOID(CURL_LIBRARY, curl_slist_free_all, (struct curl_slist *list), (list))

/* What libxml2 begins with too; nothing here gives it another. */
xmlFreeFunc xmlFree = free;

LATE(XML_LIBRARY, xmlDocPtr, xmlReadMemory,
	(const char *text, int size, const char *url, const char *encoding, int options),
	(text, size, url, encoding, options))
LATE_VOID(XML_LIBRARY, xmlFreeDoc, (xmlDocPtr document), (document))
LATE(XML_LIBRARY, xmlNodePtr, xmlDocGetRootElement, (const xmlDoc *document), (document))
LATE(XML_LIBRARY, xmlChar *, xmlGetProp, (const xmlNode *node, const xmlChar *name), (node, name))
LATE(XML_LIBRARY, xmlChar *, xmlNodeGetContent, (const xmlNode *node), (node))
LATE(XML_LIBRARY, xmlNodePtr, xmlFirstElementChild, (xmlNodePtr parent), (parent))
LATE(XML_LIBRARY, long, xmlGetLineNo, (const xmlNode *node), (node))
LATE(XML_LIBRARY, xmlErrorPtr, xmlGetLastError, (void), ())
LATE_VOID(XML_LIBRARY, xmlResetLastError, (void), ())
LATE_VOID(XML_LIBRARY, xmlSetStructuredErrorFunc,
	(void *context, xmlStructuredErrorFunc handler), (context, handler))
LATE(XML_LIBRARY, xmlBufferPtr, xmlBufferCreate, (void), ())
LATE(XML_LIBRARY, const xmlChar *, xmlBufferContent, (const xmlBuffer *buffer), (buffer))
LATE_VOID(XML_LIBRARY, xmlBufferFree, (xmlBufferPtr buffer), (buffer))
LATE(XML_LIBRARY, int, xmlNodeDump,
	(xmlBufferPtr buffer, xmlDocPtr document, xmlNodePtr node, int level, int format),
	(buffer, document, node, level, format))
/* clang-format on */
