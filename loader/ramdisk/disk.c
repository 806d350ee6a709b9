#include "program.h"

// The name of the program that firmware starts from removable media (section 3.5.1.1).
#if defined(__x86_64__)
static const char16 program_path[] = u"\\EFI\\BOOT\\BOOTX64.EFI";
static const char program_name[] = "EFI/BOOT/BOOTX64.EFI";
#elif defined(__aarch64__)
static const char16 program_path[] = u"\\EFI\\BOOT\\BOOTAA64.EFI";
static const char program_name[] = "EFI/BOOT/BOOTAA64.EFI";
#elif defined(__i386__)
static const char16 program_path[] = u"\\EFI\\BOOT\\BOOTIA32.EFI";
static const char program_name[] = "EFI/BOOT/BOOTIA32.EFI";
#endif

enum { MEDIA = 4, MEDIA_FILE_PATH = 4, END = 0x7f, PATH_MOST = 1024 };

static usize node_length(const device_path *node) { return node->length[0] | node->length[1] << 8; }

// path_length is the length of a device path without its end; 0 for one that is too long.
static usize path_length(const device_path *path) {
	usize n = 0;
	for (const device_path *node = path; node->type != END; node = (const device_path *)((const u8 *)path + n)) {
		usize one = node_length(node);
		if (one < sizeof *node || n + one > PATH_MOST)
			return 0;
		n += one;
	}
	return n;
}

// add_program writes a path of a file system with the program behind it (section
// 10.3.5.4).
static device_path *add_program(const device_path *path, u8 *room) {
	usize n = path_length(path), file = sizeof(device_path) + sizeof program_path;
	memcpy(room, path, n);
	device_path node = {MEDIA, MEDIA_FILE_PATH, {(u8)file, (u8)(file >> 8)}}, end = {END, 0xff, {sizeof end, 0}};
	memcpy(room + n, &node, sizeof node);
	memcpy(room + n + sizeof node, program_path, sizeof program_path);
	memcpy(room + n + file, &end, sizeof end);
	return (device_path *)room;
}

// start_from starts the program of one file system. NOT_FOUND: it has none.
static status start_from(const device_path *path) {
	static u8 room[PATH_MOST + sizeof program_path + 2 * sizeof(device_path)];
	handle image = 0;
	status s = boot->load_image(0, self, add_program(path, room), 0, 0, &image);
	if (s == NOT_FOUND)
		return s;
	if (s != SUCCESS) {
		say("Spur: the disk's ");
		say(program_name);
		say(" doesn't start: ");
		say_status(s);
		if (s == SECURITY_VIOLATION || s == ACCESS_DENIED)
			say("; Secure Boot takes only what is signed: sign it, or switch Secure Boot off");
		say(".\n");
		if (image)
			boot->unload_image(image);
		return s;
	}
	say("Spur: starting ");
	say(program_name);
	say(" of the disk.\n");
	boot->set_watchdog_timer(300, 0, 0, 0); // as for each boot option (section 3.1.2)
	s = boot->start_image(image, 0, 0);
	say("Spur: ");
	say(program_name);
	say(" came back");
	if (s != SUCCESS) {
		say(": ");
		say_status(s);
	}
	say(".\n");
	return s == NOT_FOUND ? LOAD_ERROR : s;
}

// start_disk registers a RAM disk and starts what is on it. Its memory is of a type that
// the firmware leaves to it when the system runs, and tells the system of in the table
// NFIT (ACPI 6.0 section 5.2.25).
status start_disk(u64 address, u64 size, boolean cd) {
	ram_disk *disks = 0;
	device_path *disk;
	usize count, length;
	handle *systems;
	status s = NOT_FOUND;
	if (boot->locate_handle_buffer(BY_PROTOCOL, &ram_disk_guid, 0, &count, &systems) == SUCCESS && count)
		s = boot->handle_protocol(systems[0], &ram_disk_guid, (void **)&disks);
	if (s != SUCCESS) {
		say("Spur: this firmware has no RAM disks (UEFI 2.6); update it, or boot the disk by iPXE.\n");
		return UNSUPPORTED;
	}
	s = disks->register_disk(address, size, cd ? &virtual_cd_guid : &virtual_disk_guid, 0, &disk);
	if (s != SUCCESS) {
		say("Spur: the firmware takes no RAM disk: ");
		say_status(s);
		say(".\n");
		return s;
	}
	device_path *rest = disk;
	handle device;
	if (boot->locate_device_path(&device_path_guid, &rest, &device) == SUCCESS)
		boot->connect_controller(device, 0, 0, 1); // file systems on it, where the firmware hasn't looked
	length = path_length(disk);
	status last = NOT_FOUND;
	s = boot->locate_handle_buffer(BY_PROTOCOL, &file_system_guid, 0, &count, &systems);
	for (usize i = 0; s == SUCCESS && i < count; i++) {
		device_path *path;
		if (boot->handle_protocol(systems[i], &device_path_guid, (void **)&path) != SUCCESS || path_length(path) < length || !same(path, disk, length))
			continue;
		status one = start_from(path);
		if (one == SUCCESS || one != NOT_FOUND)
			last = one;
		if (one == SUCCESS)
			break;
	}
	if (last == NOT_FOUND) {
		say("Spur: no file system of the disk has ");
		say(program_name);
		say("; put a loader for removable media there (grub-install --removable), or boot a disk for this processor.\n");
	}
	disks->unregister(disk);
	return last;
}
