#include "program.h"

static text_output *output;
static text_input *input;

void open_console(system_table *system) {
	output = system->output;
	input = system->input;
}

// say shows text. What isn't ASCII becomes a question mark: no firmware promises more
// (UEFI 2.10 section 12.4.3), and no control character comes from elsewhere.
void say(const char *text) {
	char16 line[64];
	while (*text) {
		usize n = 0;
		for (; *text && n < 61; text++) {
			if (*text == '\n')
				line[n++] = '\r';
			line[n++] = *text == '\n' || *text == '\r' || (*text >= ' ' && *text <= '~') ? (char16)*text : '?';
		}
		line[n] = 0;
		output->output_string(output, line);
	}
}

// say_number shows a number below 2^32 of what is counted here: sizes in MiB, parts of
// an address. A 32-bit machine divides no larger ones by itself.
void say_number(u64 n) {
	char digits[12];
	usize at = sizeof digits - 1;
	u32 rest = (u32)n;
	digits[at] = 0;
	do {
		digits[--at] = '0' + rest % 10;
		rest /= 10;
	} while (rest);
	say(digits + at);
}

// say_mebibytes shows a size, rounded up.
void say_mebibytes(u64 bytes) { say_number((bytes + (1 << 20) - 1) >> 20); }

void say_address(const u8 *ipv4) {
	for (int i = 0; i < 4; i++) {
		say_number(ipv4[i]);
		if (i < 3)
			say(".");
	}
}

// say_status shows what is known of an error (appendix D).
void say_status(status s) {
	static const struct {
		status status;
		const char *text;
	} known[] = {
		{OUT_OF_RESOURCES, "out of memory"},
		{NOT_FOUND, "not found"},
		{ACCESS_DENIED, "access denied"},
		{TIMEOUT, "no answer in time"},
		{ABORTED, "broken off"},
		{SECURITY_VIOLATION, "security violation"},
		{UNSUPPORTED, "not supported"},
		{LOAD_ERROR, "it is damaged, or for another processor"},
	};
	for (usize i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].status == s) {
			say(known[i].text);
			return;
		}
	say("error ");
	say_number(s & 0xffff);
}

static u32 shown;

// show_progress says how much there is of all, where that is more MiB than it said last.
void show_progress(u64 done, u64 all) {
	u32 now = (u32)(done >> 20), total = (u32)((all + (1 << 20) - 1) >> 20);
	if (now == shown || total == 0)
		return;
	shown = now;
	say("\r  ");
	say_number(now);
	say(" of ");
	say_number(total);
	say(" MiB ");
}

void end_progress(void) {
	if (shown)
		say("\n");
	shown = 0;
}

// give_up lets people read what was said, and leaves: firmware goes on to its next boot
// option (section 3.1.2).
status give_up(status s) {
	input_key key;
	say("Spur: in 20 seconds, or at a key, the firmware goes on to its next boot option.\n");
	while (input && input->read_key_stroke(input, &key) == SUCCESS) {
	}
	for (int tenths = 0; tenths < 200; tenths++) {
		if (input && input->read_key_stroke(input, &key) == SUCCESS)
			break;
		boot->stall(100000);
	}
	return s;
}
