#include "program.h"

// The name under which Spur gives this program out.
static const char own_name[] = "ramdisk.efi";

enum { OPTION_PAD = 0, OPTION_ROUTER = 3, OPTION_SERVER = 54, OPTION_BOOT_FILE = 67, OPTION_END = 255 };
enum { OPTION6_BOOT_FILE_URL = 59 };

// option finds an option of a packet (RFC 2132); 0 for none.
static const u8 *option(const dhcp_packet *p, u8 code, u8 *length) {
	const u8 *at = p->v4.options, *end = p->raw + sizeof p->raw;
	while (at + 2 <= end && *at != OPTION_END) {
		if (*at == OPTION_PAD) {
			at++;
			continue;
		}
		if (at + 2 + at[1] > end)
			return 0;
		if (at[0] == code) {
			*length = at[1];
			return at + 2;
		}
		at += 2 + at[1];
	}
	return 0;
}

// option6 finds an option of a packet of DHCPv6 (RFC 8415 section 21.1); 0 for none.
static const u8 *option6(const dhcp_packet *p, u32 code, usize *length) {
	const u8 *at = p->v6.options, *end = p->raw + sizeof p->raw;
	while (end - at >= 4) {
		*length = (usize)(at[2] << 8 | at[3]);
		if (*length > (usize)(end - at) - 4)
			return 0;
		if ((u32)(at[0] << 8 | at[1]) == code)
			return at + 4;
		at += 4 + *length;
	}
	return 0;
}

// take_folder takes the folder from a name that is this program's; what follows a NUL
// is no part of it, since some ROMs write one behind option 67.
static boolean take_folder(origin *o, const u8 *name, usize most) {
	usize n = 0, own = sizeof own_name - 1;
	while (n < most && name[n])
		n++;
	if (n < own || n >= NAME_MOST || !same(name + n - own, own_name, own))
		return 0;
	memcpy(o->folder, name, n - own);
	o->folder[n - own] = 0;
	return 1;
}

// came_by tells whether a packet named this program, and notes by whom. Where next
// server is empty, who sent the packet is the server (RFC 2131 section 2).
static boolean came_by(origin *o, const dhcp_packet *p) {
	u8 length = 0;
	const u8 *file = option(p, OPTION_BOOT_FILE, &length);
	if (!(file && take_folder(o, file, length)) && !take_folder(o, p->v4.boot_file, sizeof p->v4.boot_file))
		return 0;
	const u8 *server = p->v4.next_server;
	if (same(server, "\0\0\0\0", 4)) {
		server = option(p, OPTION_SERVER, &length);
		if (!server || length != 4)
			return 0;
	}
	memcpy(&o->server, server, 4);
	return 1;
}

// came_by6 tells the same of a packet of DHCPv6.
static boolean came_by6(origin *o, const dhcp_packet *p) {
	usize length;
	const u8 *path, *url = option6(p, OPTION6_BOOT_FILE_URL, &length);
	return url && read_url(url, length, o, &path) && take_folder(o, path, (usize)(url + length - path));
}

// find_router takes the first of the routers that DHCP named (RFC 2132 section 3.5).
static void find_router(origin *o, const dhcp_packet *ack) {
	u8 length;
	const u8 *routers = option(ack, OPTION_ROUTER, &length);
	if (routers && length >= sizeof o->router)
		memcpy(o->router, routers, sizeof o->router);
}

void say_server(origin *o) {
	if (o->server6[0])
		say(o->server6);
	else
		say_address((u8 *)&o->server);
}

// find_origin finds out from which server, and from which folder of it, the firmware
// has fetched this program: the packets that PXE keeps say so (section 24.3, the mode of
// EFI_PXE_BASE_CODE_PROTOCOL). Which of them the firmware went by shows by the name that
// it has; a packet of somebody else's names no program of ours.
status find_origin(origin *o) {
	loaded_image *image;
	memset(o, 0, sizeof *o);
	status s = boot->handle_protocol(self, &loaded_image_guid, (void **)&image);
	if (s == SUCCESS) {
		o->device = image->device;
		s = boot->handle_protocol(image->device, &pxe_base_code_guid, (void **)&o->pxe);
	}
	if (s != SUCCESS) {
		say("Spur: this program was not started by PXE, and doesn't know where its disk is; boot from the network by PXE.\n");
		return NOT_FOUND;
	}
	pxe_mode *mode = o->pxe->mode;
	boolean (*came)(origin *, const dhcp_packet *) = mode->using_ipv6 ? came_by6 : came_by;
	if (mode->ack_received && !mode->using_ipv6)
		find_router(o, &mode->ack);
	if ((mode->pxe_reply_received && came(o, &mode->pxe_reply)) || (mode->proxy_offer_received && came(o, &mode->proxy_offer)) ||
	    (mode->ack_received && came(o, &mode->ack)))
		return SUCCESS;
	say("Spur: no packet that this firmware has kept names ");
	say(own_name);
	say("; have Spur itself name the boot file.\n");
	return NOT_FOUND;
}
