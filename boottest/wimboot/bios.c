// A stand-in for wimboot on a BIOS: it says by the serial port what is in the archive of
// its initrd (cpio, "newc").
#include "report.h"

static byte in(unsigned short port) {
	byte b;
	__asm__ volatile("inb %1, %0" : "=a"(b) : "Nd"(port));
	return b;
}

void put(char c) {
	while (!(in(0x3fd) & 0x20))
		;
	__asm__ volatile("outb %0, %1" : : "a"(c), "Nd"((unsigned short)0x3f8));
}

static unsigned field(const char *at) {
	unsigned n = 0;
	for (int i = 0; i < 8; i++) {
		char c = at[i] | 0x20;
		n = n << 4 | (unsigned)(c >= 'a' ? c - 'a' + 10 : (c & 15));
	}
	return n;
}

void show(const char *initrd, unsigned size, const char *arguments) {
	const char *end = initrd + size;
	say(banner);
	say("arguments [");
	say(arguments ? arguments : "");
	say("]\n");
	while (end - initrd > 110 && initrd[0] == '0' && initrd[5] == '1') {
		unsigned length = field(initrd + 54), name = field(initrd + 94);
		const char *data = initrd + ((110 + name + 3) & ~3u);
		say_file(initrd + 110, length, crc32(0, (const byte *)data, length));
		initrd = data + ((length + 3) & ~3u);
		while (initrd < end && !*initrd)
			initrd++; // up to where the next one begins
	}
	say(initrd >= end ? "that is all\n" : "what follows is no archive\n");
}
