// A stand-in for wimboot on UEFI: it says on the console what is in the file system of the
// device that it was loaded from, which is iPXE's.
#include "../../loader/ramdisk/uefi.h"
#include "report.h"

// EFI_SIMPLE_FILE_SYSTEM_PROTOCOL and EFI_FILE_PROTOCOL, sections 13.4 and 13.5.
typedef struct file file;
struct file {
	u64 revision;
	status (*open)(file *, file **, char16 *name, u64 mode, u64 attributes);
	void *close, *remove;
	status (*read)(file *, usize *size, void *);
};
typedef struct file_system file_system;
struct file_system {
	u64 revision;
	status (*open_volume)(file_system *, file **);
};
enum { READ = 1, FOLDER = 16 };

typedef struct {
	u64 size, file_size, physical_size;
	u8 times[48];
	u64 attributes;
	char16 name[256];
} file_info;

static text_output *console;

void put(char c) {
	char16 text[3] = {c == '\n' ? '\r' : (char16)c, c == '\n' ? '\n' : 0, 0};
	console->output_string(console, text);
}

static byte content[1 << 16];

static void show(file *root, file_info *info) {
	char name[256];
	unsigned i, sum = 0;
	file *f;
	for (i = 0; i < 255 && info->name[i]; i++)
		name[i] = (char)info->name[i];
	name[i] = 0;
	if (root->open(root, &f, info->name, READ, 0) != SUCCESS)
		return;
	for (usize n = sizeof content; f->read(f, &n, content) == SUCCESS && n; n = sizeof content)
		sum = crc32(sum, content, (unsigned)n);
	say_file(name, (unsigned)info->file_size, sum);
}

static void show_arguments(const loaded_image *image) {
	const struct {
		loaded_image known;
		void *path, *reserved;
		u32 size;
		char16 *options;
	} *all = (const void *)image;
	say("arguments [");
	for (u32 i = 0; i < all->size / 2 && all->options[i]; i++)
		put((char)all->options[i]);
	say("]\n");
}

status EfiMain(handle self, system_table *system) {
	loaded_image *image;
	file_system *files;
	file *root;
	file_info info;
	console = system->output;
	say(banner);
	if (system->boot->handle_protocol(self, &loaded_image_guid, (void **)&image) != SUCCESS ||
	    system->boot->handle_protocol(image->device, &file_system_guid, (void **)&files) != SUCCESS || files->open_volume(files, &root) != SUCCESS) {
		say("there are no files\n");
		return NOT_FOUND;
	}
	show_arguments(image);
	for (usize n = sizeof info; root->read(root, &n, &info) == SUCCESS && n; n = sizeof info)
		if (!(info.attributes & FOLDER))
			show(root, &info);
	say("that is all\n");
	for (;;)
		system->boot->stall(1000000);
}
