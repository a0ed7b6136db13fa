#pragma once
/* Is this build one of AddressSanitizer, which no list of system calls suits? */
#include <stdbool.h>

#ifndef __has_feature
#define __has_feature(what) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif
