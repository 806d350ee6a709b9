#include "program.h"

static u64 received, expected;

// count is told of every packet (section 24.4). A block of TFTP has four bytes before
// its data (RFC 1350 section 5).
static u32 count(pxe_callback *callback, u32 function, boolean in, u32 length, dhcp_packet *packet) {
	(void)callback, (void)function, (void)packet;
	if (in && length > 4) {
		received += length - 4;
		show_progress(received < expected ? received : expected, expected);
	}
	return CALLBACK_CONTINUE;
}

// fetch_by_tftp fetches a file of at most *size bytes, and tells how many it has. Some
// firmware has no place for a callback of ours: then it goes without progress.
status fetch_by_tftp(origin *o, const char *file, void *to, u64 *size, boolean progress) {
	static pxe_callback callback = {0x10000, count};
	boolean yes = 1, no = 0, installed = 0;
	received = 0, expected = *size;
	if (progress && boot->install_protocol(&o->device, &pxe_callback_guid, 0, &callback) == SUCCESS) {
		installed = 1;
		o->pxe->set_parameters(o->pxe, 0, 0, 0, 0, &yes);
	}
	// Without a block size of ours the firmware asks for 512 bytes. 1,468 fit into a
	// packet of Ethernet with the headers of IPv4, UDP and TFTP; IPv6's has 20 more.
	usize block = o->pxe->mode->using_ipv6 ? 1448 : 1468;
	status s = o->pxe->mtftp(o->pxe, TFTP_READ_FILE, to, 0, size, &block, &o->server, (u8 *)file, 0, 0);
	if (installed) {
		o->pxe->set_parameters(o->pxe, 0, 0, 0, 0, &no);
		boot->uninstall_protocol(o->device, &pxe_callback_guid, &callback);
	}
	end_progress();
	return s;
}
