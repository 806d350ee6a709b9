#include "program.h"

enum { GROUPS = 8 };

static int hex(u8 c) {
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// read_group reads 16 bits in at most four digits, and tells how many bytes it took.
static usize read_group(const u8 *text, usize length, u16 *group) {
	usize n = 0;
	for (*group = 0; n < length && n < 4 && hex(text[n]) >= 0; n++)
		*group = (u16)(*group << 4 | hex(text[n]));
	return n;
}

// read_address reads an address of IPv6 as people write it (RFC 4291 section 2.2), but
// for an IPv4 one at its end, which no server has.
boolean read_address(const u8 *text, usize length, ip_address *address) {
	u16 groups[GROUPS];
	int count = 0, gap = -1;
	usize at = 0;
	if (length >= 2 && text[0] == ':' && text[1] == ':')
		gap = 0, at = 2;
	while (at < length) {
		usize n = count < GROUPS ? read_group(text + at, length - at, &groups[count]) : 0;
		if (!n)
			return 0;
		count++;
		at += n;
		if (at == length)
			break;
		if (text[at++] != ':' || at == length)
			return 0;
		if (text[at] == ':') {
			if (gap >= 0)
				return 0;
			gap = count, at++;
		}
	}
	if (gap < 0 ? count != GROUPS : count == GROUPS)
		return 0;
	u8 *bytes = (u8 *)address;
	memset(bytes, 0, sizeof *address);
	for (int i = 0; i < count; i++) {
		int to = gap < 0 || i < gap ? i : GROUPS - count + i;
		bytes[2 * to] = (u8)(groups[i] >> 8);
		bytes[2 * to + 1] = (u8)groups[i];
	}
	return 1;
}

// read_url takes the server from a URL of the form tftp://[address]/path, which is what
// firmware takes over IPv6 (RFC 5970 section 3.1), and finds the path.
boolean read_url(const u8 *url, usize length, origin *o, const u8 **path) {
	static const char scheme[] = "tftp://[";
	usize begin = sizeof scheme - 1, end;
	if (length < begin || !same(url, scheme, begin))
		return 0;
	for (end = begin; end < length && url[end] != ']'; end++) {
	}
	if (length - end < 2 || url[end + 1] != '/' || end - begin >= ADDRESS_MOST || !read_address(url + begin, end - begin, &o->server))
		return 0;
	memcpy(o->server6, url + begin, end - begin);
	o->server6[end - begin] = 0;
	*path = url + end + 2;
	return 1;
}
