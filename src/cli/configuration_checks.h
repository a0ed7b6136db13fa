#pragma once
/* What the rules of a configuration are made of: checks that know one thing each, and take what
 * they compare with from their row. */
#include "cli/configuration_lint.h"

/* Of the file. */
lint_check lint_too_large;      /* LINT_FILE_MAX, LINT_TAGS_MAX */
lint_check lint_not_utf8;       /* UTF-16 too */
lint_check lint_byte_order;     /* begins with a byte order mark */
lint_check lint_declared;       /* its declaration names another encoding than UTF-8 */
lint_check lint_doctype;        /* before its root stands a DOCTYPE */
lint_check lint_unreadable;     /* not well-formed; detail says why */
lint_check lint_root_unknown;   /* neither <device> nor <Default> */
lint_check lint_name_other;     /* not NAME.cnf.xml */
lint_check lint_name_unfit;     /* a phone does not ask for a file of this name and root */
lint_check lint_header_differs; /* its signed header names another file */

/* Of elements. What is empty is left to absence rules, except by lint_empty. */
lint_check lint_among;          /* "1|2": one of them */
lint_check lint_not_among;      /* "1|2": none of them */
lint_check lint_filled;         /* there is a text */
lint_check lint_empty;          /* there is none */
lint_check lint_not_number;     /* "1-65535" */
lint_check lint_longer;         /* "50": bytes */
lint_check lint_begins;         /* "http://" */
lint_check lint_ends;           /* ".loads" */
lint_check lint_holds;          /* "/\\ ": one of these characters */
lint_check lint_beyond;         /* "5": the first sibling of the name beyond so many */
lint_check lint_not_hash;       /* "32|40": so many hexadecimal digits */
lint_check lint_upper_hex;      /* a hash with upper-case letters */
lint_check lint_not_base64;     /* certHash… and "20|64": base64 of so many bytes */
lint_check lint_ciphers;        /* "7": a list of numbers from 1 on, between commas */
lint_check lint_no_cipher_left; /* "7": all of them are in the list */
lint_check lint_no_priority;    /* "4": the attribute is no number up to that */
lint_check lint_priority_again; /* another sibling before it has the same */
lint_check lint_guessable;      /* a password that is the user's name or widely known */
lint_check lint_secret_name;    /* some other element with a text that is called a password */

/* Of names that rules know. */
lint_check lint_wrong_case;
lint_check lint_twice;     /* the second of a name that stands once */
lint_check lint_misplaced; /* a name that belongs directly below the root */
