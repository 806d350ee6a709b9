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
