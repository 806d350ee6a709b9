// Package enroll makes a program for UEFI firmware that writes keys of Secure Boot
// into a machine's variables, says on its screen how that went, and restarts it.
//
// [Program] puts it together for one architecture. Its code is some sixty
// instructions, the same for whatever is written: it goes through a list of what to
// print and what to write (UEFI 2.10 section 8.2, SetVariable). Firmware that is in
// setup mode, because it has no PK, starts what isn't signed and takes new keys from
// anybody (section 32.3.1); the PK ends that.
//
// [Microsoft] finds the certificates without which a machine would no longer start
// other systems, or the firmware of its own cards.
package enroll
