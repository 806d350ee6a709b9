// Runs on this host what the RAM-disk program reads of others: the packet of DHCP from
// standard input, and behind it the instructions. It prints what was understood. With an
// argument the packet is one of DHCPv6.
#include <stdio.h>
#include "../../ramdisk/program.h"

static char instructions_text[65536];
static size_t instructions_size;
static pxe_mode mode;
static pxe_base_code pxe = {.mode = &mode};
static loaded_image image;

status fetch_by_tftp(origin *o, const char *file, void *to, u64 *size, boolean progress) {
	(void)o, (void)file, (void)progress;
	if (instructions_size > *size)
		return OUT_OF_RESOURCES;
	memcpy(to, instructions_text, instructions_size);
	*size = instructions_size;
	return SUCCESS;
}

void say(const char *text) { fputs(text, stderr); }
void say_address(const u8 *a) { fprintf(stderr, "%d.%d.%d.%d", a[0], a[1], a[2], a[3]); }
void say_status(status s) { fprintf(stderr, "%zx", (size_t)s); }

static status handle_protocol(handle h, const guid *g, void **interface) {
	(void)h;
	*interface = g == &loaded_image_guid ? (void *)&image : (void *)&pxe;
	return SUCCESS;
}

static boot_services services = {.handle_protocol = handle_protocol};
boot_services *boot = &services;
handle self;

int main(int arguments, char **argument) {
	(void)argument;
	origin o;
	instructions in;
	mode.ack_received = 1;
	mode.using_ipv6 = arguments > 1;
	size_t n = fread(mode.ack.raw, 1, sizeof mode.ack.raw, stdin);
	if (n == sizeof mode.ack.raw)
		instructions_size = fread(instructions_text, 1, sizeof instructions_text, stdin);
	if (find_origin(&o) != SUCCESS)
		return 0;
	const u8 *a = (const u8 *)&o.server, *r = o.router;
	if (mode.using_ipv6) {
		printf("server %s is ", o.server6);
		for (int i = 0; i < 16; i++)
			printf("%02x", a[i]);
	} else {
		printf("server %d.%d.%d.%d", a[0], a[1], a[2], a[3]);
	}
	if (r[0])
		printf(" router %d.%d.%d.%d", r[0], r[1], r[2], r[3]);
	printf(" folder %s\n", o.folder);
	if (read_instructions(&o, &in) != SUCCESS)
		return 0;
	printf("title %s size %llu cd %d http %s tftp %s trouble %s\n", in.title ? in.title : "-", in.size, in.cd, in.http ? in.http : "-",
		in.tftp ? in.tftp : "-", in.trouble ? in.trouble : "-");
	return 0;
}
