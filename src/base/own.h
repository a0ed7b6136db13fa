#pragma once
/*
 * Who owns what, said in the declaration: AUTO(type) frees at the end of its scope, TAKE() moves
 * ownership out, MUST_CHECK makes a dropped failure a compiler error.
 */

#define AUTO(type) __attribute__((cleanup(auto_##type))) struct type *
#define DEFINE_AUTO(type, type_free)                                                               \
	static inline void auto_##type(struct type **owned)                                        \
	{                                                                                          \
		type_free(*owned);                                                                 \
	}                                                                                          \
	struct type

/* A struct that lives in place, or bytes: ended by its _done at the end of the scope. */
#define AUTO_DONE(type) __attribute__((cleanup(type##_done))) struct type

#define TAKE(owned)                                                                                \
	__extension__({                                                                            \
		__typeof__(owned) taken_ = (owned);                                                \
		(owned) = NULL;                                                                    \
		taken_;                                                                            \
	})

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(text, first) __attribute__((format(printf, text, first)))
