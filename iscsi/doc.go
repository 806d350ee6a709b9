// Package iscsi is an iSCSI target (RFC 7143) over any [block.Device]: disks
// for machines that boot and live without one.
//
// # Serving
//
// A [Server] has [Targets], a [Target] has logical units, a [LUN] is a device
// and how it shows itself:
//
//	target := &iscsi.Target{
//		Name: "iqn.2026-11.com.example:disk1",
//		LUNs: map[uint64]*iscsi.LUN{0: {Device: disk}},
//	}
//	server := &iscsi.Server{Targets: iscsi.Static(target)}
//	err := server.Serve(ctx, listener) // port 3260
//
// Initiators prove themselves by CHAP where a Target has an [Auth], and are
// let in or not by name and address where it has an Allow. Targets may also
// come from a database: [Targets] is an interface.
//
// # The protocol
//
// Login and text negotiation with all keys of RFC 7143 section 13; discovery;
// CHAP, one-way and mutual, by MD5, SHA-1 or SHA-256; CRC32C header and data
// digests; immediate, unsolicited and solicited data; several connections per
// session with one order of commands; task management; pings of silent
// initiators; error recovery level 0: what can't be trusted ends the session,
// and the initiator logs in again. A second login of the same initiator port
// takes the place of the first (session reinstatement).
//
// # The disk
//
// The commands of SPC-4 and SBC-3 that an initiator of disks may send, in one
// table (commands.go), which also answers REPORT SUPPORTED OPERATION CODES:
// reading, writing, verifying and comparing in all lengths of CDB, UNMAP, WRITE
// SAME, COMPARE AND WRITE, GET LBA STATUS, mode pages, persistent
// reservations, RESERVE and RELEASE. FUA, flushes and trims reach the device
// as such. Every I_T nexus has a task set of its own; ordered tasks wait for
// those before them, simple ones run side by side. COMPARE AND WRITE is one
// step to all writers of the unit.
//
// What isn't there: error recovery above level 0, protection information,
// asymmetric access (ALUA), EXTENDED COPY, SANITIZE and the atomic writes of
// SBC-4. A connection that is lost takes its session with it.
//
// # How it is made
//
//	pdu.go, text.go, digest.go    bytes to values and back
//	keys.go, chap.go, login.go    the login phase, without a connection
//	handshake.go                  the login phase on a connection
//	session.go, nexus.go          the order of commands, by CmdSN and attribute
//	ending.go, connections.go     what is answered and aborted; who joins and quits
//	conn.go, receive.go, latency.go  workers that take turns in reading
//	dataout.go, datain.go         data from and to the initiator
//	direction.go                  flags that contradict the command
//	memory.go, buffer.go          what a session may hold
//	out.go                        what is sent, many PDUs by one system call
//	task.go, management.go        a command's life, and its abortion
//	execute.go, commands.go       from a CDB to the function that does it
//	readwrite.go, medium.go, …    the commands
//	reserve.go, persist*.go       reservations
//	keeper.go, server.go          silence, shutdown, bounds
//
// A command is read, executed and answered by one goroutine; it allocates
// nothing. While a unit is quick that goroutine goes on to the next command, and
// answers leave together; otherwise another one reads on. Data goes from the device into one buffer
// and from there to the socket. [Bounds] limit what initiators can take:
// sessions, logins under way, commands and memory per session, and time. The
// memory of all sessions has a bound as well, divided by [share.Memory]: a
// command that finds none ends with BUSY.
package iscsi
