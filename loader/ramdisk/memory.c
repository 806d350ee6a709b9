#include "program.h"

// The compiler calls these by itself.
void *memcpy(void *to, const void *from, usize n) {
	for (usize i = 0; i < n; i++)
		((volatile u8 *)to)[i] = ((const u8 *)from)[i];
	return to;
}

void *memset(void *to, int value, usize n) {
	for (usize i = 0; i < n; i++)
		((volatile u8 *)to)[i] = (u8)value;
	return to;
}

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
