// A UEFI application that boots a disk image as a RAM disk, for firmware that boots by
// PXE alone: with HTTP Boot firmware does the same by itself.
//
// Spur gives it out as ramdisk.efi. Beside that it finds ramdisk.cfg, which says where
// the image is and how large; it fetches the image by the firmware's HTTP or by TFTP,
// registers it as a RAM disk, and starts what is on it.
#include "program.h"

boot_services *boot;
handle self;

// By this Spur knows the file.
__attribute__((used)) static const char mark[] = "#### LoaderInfo: spur-ramdisk 2 ####";

static status fetch(origin *o, instructions *in, u8 *to) {
	status s = UNSUPPORTED;
	if (in->http) {
		s = fetch_by_http(o, in->http, to, in->size);
		if (s == SUCCESS)
			return s;
	}
	if (!in->tftp)
		return s;
	say("Spur: not by HTTP (");
	if (in->http)
		say_status(s);
	else
		say("none is served");
	say("); by TFTP.\n");
	u64 size = in->size;
	s = fetch_by_tftp(o, in->tftp, to, &size, 1);
	return s == SUCCESS && size != in->size ? ABORTED : s;
}

static status run(void) {
	origin o;
	instructions in;
	status s = find_origin(&o);
	if (s == SUCCESS)
		s = read_instructions(&o, &in);
	if (s != SUCCESS)
		return s;
	if (in.trouble || !in.size || !(in.http || in.tftp)) {
		say("Spur has nothing to boot for this machine: ");
		say(in.trouble ? in.trouble : "its instructions name no disk");
		say("\n");
		return NOT_FOUND;
	}
	say("Spur boots ");
	say(in.title ? in.title : "a disk");
	say(", ");
	say_mebibytes(in.size);
	say(" MiB, from ");
	say_server(&o);
	say("\n");

	// Block devices have whole sectors.
	u64 whole = (in.size + 511) & ~511ull, address = 0;
	usize pages = (usize)((whole + PAGE - 1) >> 12);
	s = whole >> 12 > (usize)-1 >> 12 ? OUT_OF_RESOURCES : boot->allocate_pages(ALLOCATE_ANY_PAGES, RESERVED_MEMORY, pages, &address);
	if (s != SUCCESS) {
		say("Spur: the disk needs ");
		say_mebibytes(whole);
		say(" MiB of memory in one piece, and this machine hasn't got that; give it more, or boot by iPXE, which reads as it goes.\n");
		return s;
	}
	u8 *disk = (u8 *)(usize)address;
	s = fetch(&o, &in, disk);
	if (s == SUCCESS) {
		memset(disk + in.size, 0, (usize)(whole - in.size));
		s = start_disk(address, whole, in.cd);
	} else {
		say("Spur: the disk wasn't fetched: ");
		say_status(s);
		say("; what Spur says tells more.\n");
	}
	boot->free_pages(address, pages);
	return s;
}

status EfiMain(handle image, system_table *system) {
	boot = system->boot;
	self = image;
	open_console(system);
	boot->set_watchdog_timer(0, 0, 0, 0); // a large disk takes longer than the five minutes of section 3.1.2
	status s = run();
	return s == SUCCESS ? s : give_up(s);
}
