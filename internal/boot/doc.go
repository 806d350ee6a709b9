// Package boot is Spur's vocabulary: who asks (Client), what should boot
// (Payload), and who decides that (Resolver).
//
// A Client is what one packet tells about a machine: its address, firmware and
// architecture, the protocol it boots by, and which loader is speaking. The
// same machine is several clients in the course of one boot: first its ROM,
// then the iPXE that the ROM loaded.
//
// A Payload is what should boot, named by the sources of its files (paths or
// URLs), never by open files. How a client gets a payload is a Route, in
// package route.
//
// The package is pure: values and functions over them, no files, no sockets,
// no clock.
package boot
