#include "program.h"

static const char file_name[] = "ramdisk.cfg";

// A file of instructions has lines of a word, a blank, and the rest.
static char text[4096];

// size_of reads the size of a disk; 0 where there is none, and where it is so large that
// counting pages would overflow. No machine has that much memory.
static u64 size_of(const char *digits) {
	u64 n = 0;
	for (; *digits >= '0' && *digits <= '9'; digits++) {
		n = n * 10 + (u64)(*digits - '0');
		if (n >> 46)
			return 0;
	}
	return n;
}

// value is what stands behind a word at the beginning of a line; 0 where it isn't that word.
static char *value(char *line, const char *word) {
	usize n = length_of(word);
	return same(line, word, n) && line[n] == ' ' ? line + n + 1 : 0;
}

static void take(instructions *in, char *line) {
	char *v;
	if ((v = value(line, "title")))
		in->title = v;
	else if ((v = value(line, "http")))
		in->http = v;
	else if ((v = value(line, "tftp")))
		in->tftp = v;
	else if ((v = value(line, "message"))) {
		say(v);
		say("\n");
	} else if ((v = value(line, "trouble")))
		in->trouble = v;
	else if ((v = value(line, "size")))
		in->size = size_of(v);
	else if ((v = value(line, "type")))
		in->cd = *v == 'c';
}

// read_instructions fetches the file of instructions that lies beside this program.
status read_instructions(origin *o, instructions *in) {
	char path[NAME_MOST + sizeof file_name];
	usize n = length_of(o->folder);
	memcpy(path, o->folder, n);
	memcpy(path + n, file_name, sizeof file_name);
	u64 size = sizeof text - 1;
	memset(in, 0, sizeof *in);
	status s = fetch_by_tftp(o, path, text, &size, 0);
	if (s != SUCCESS) {
		say("Spur: ");
		say_server(o);
		say(" didn't give out ");
		say(file_name);
		say(": ");
		say_status(s);
		say("; see whether Spur runs there, and what it says.\n");
		return s;
	}
	text[size] = 0;
	for (char *line = text, *at = text;; at++) {
		if (*at != '\n' && *at)
			continue;
		boolean last = !*at;
		*at = 0;
		take(in, line);
		if (last)
			return SUCCESS;
		line = at + 1;
	}
}
