// What a stand-in for wimboot says of the files that it was given, on both kinds of firmware.
#pragma once

typedef unsigned char byte;

static const char banner[] = "wimboot v2.8.0 -- Windows Imaging Format bootloader -- https://ipxe.org/wimboot (a stand-in)\n";

void put(char);

static void say(const char *text) {
	while (*text)
		put(*text++);
}

static void say_hex(unsigned n) {
	for (int shift = 28; shift >= 0; shift -= 4)
		put("0123456789abcdef"[n >> shift & 15]);
}

// crc32 goes on with a checksum (IEEE 802.3), which begins with 0.
static unsigned crc32(unsigned sum, const byte *data, unsigned size) {
	for (sum = ~sum; size--; data++) {
		sum ^= *data;
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
	}
	return ~sum;
}

static void say_file(const char *name, unsigned size, unsigned sum) {
	say("file [");
	say(name);
	say("] ");
	say_hex(size);
	say(" ");
	say_hex(sum);
	say("\n");
}
