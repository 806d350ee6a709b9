// Package record keeps what passed between one machine and the servers of its
// network while it booted: each DHCP packet as it was on the wire, what Spur
// answered, and what the machine fetched, as a line each with its size and its end.
// No byte of a file is in it.
//
// A record is a text of JSON objects, one a line. The first says what it is:
//
//	{"spur-record":1,"spur":"v0.3.0","mac":"52:54:00:12:34:56","began":"…","dhcp":"proxy",…}
//
// Then come, in order of time, objects with "after", the seconds since the record
// began, and one of:
//
//	"packet"   one packet: "way" is request (the machine's, to Spur), reply (Spur's)
//	           or heard (another server's); "bytes" is the UDP payload in hexadecimal
//	           digits, "says" what it is in words, for people
//	"event"    a file that was asked for, or what else was seen: an event of
//	           package timeline
//	"verdict"  why the boot did not go on
//
// It is text, and no capture, so that who sends one to somebody can read what is in
// it, and versions of it can be compared; and because what Spur knew beside the
// packets (its own addresses, the routes that had failed) is needed to play it back.
// A reader skips keys that it doesn't know, and refuses a format that is newer.
package record
