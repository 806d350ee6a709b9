// What the parts of this program have of each other.
#pragma once
#include "uefi.h"

// The firmware's services, for all parts.
extern boot_services *boot;
extern handle self;

// console.c: what people read.
void open_console(system_table *);
void say(const char *);
void say_address(const u8 *);
void say_status(status);
void say_number(u64);
void say_mebibytes(u64);
void show_progress(u64 done, u64 all);
void end_progress(void);
status give_up(status);

// memory.c
void *memcpy(void *, const void *, usize);
void *memset(void *, int, usize);
// text.c
boolean same(const void *, const void *, usize);
usize length_of(const char *);

// origin.c: where this program came from.
#define NAME_MOST 512
#define ADDRESS_MOST 40
typedef struct {
	pxe_base_code *pxe;
	handle device;
	ip_address server;
	char server6[ADDRESS_MOST]; // the server over IPv6, as it was written; empty over IPv4
	u8 router[4];               // over IPv4; 0.0.0.0 for none
	char folder[NAME_MOST]; // on the server, with the slash behind it
} origin;
status find_origin(origin *);
void say_server(origin *);

// url.c
boolean read_address(const u8 *text, usize length, ip_address *);
boolean read_url(const u8 *url, usize length, origin *, const u8 **path);

// instructions.c: what Spur has written for this machine.
typedef struct {
	char *title, *http, *tftp, *trouble; // 0 for none
	u64 size;
	boolean cd;
} instructions;
status read_instructions(origin *, instructions *);

// tftp.c
status fetch_by_tftp(origin *, const char *file, void *to, u64 *size, boolean progress);

// http.c
status fetch_by_http(origin *, const char *url, u8 *to, u64 size);

// disk.c
status start_disk(u64 address, u64 size, boolean cd);
