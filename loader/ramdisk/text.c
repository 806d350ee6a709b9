#include "program.h"

boolean same(const void *a, const void *b, usize n) {
	for (usize i = 0; i < n; i++)
		if (((const u8 *)a)[i] != ((const u8 *)b)[i])
			return 0;
	return 1;
}

usize length_of(const char *text) {
	usize n = 0;
	while (text[n])
		n++;
	return n;
}
