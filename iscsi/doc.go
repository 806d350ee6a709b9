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
// The commands are those of package [scsi]. Every I_T nexus has a task set of its
// own; ordered tasks wait for those before them, simple ones run side by side.
//
// What isn't there: error recovery above level 0. A connection that is lost takes
// its session with it.
//
// [Bounds] limit what initiators can take: sessions, logins under way, commands and
// memory per session, and time. The memory of all sessions has a bound as well,
// divided by [share.Memory]: a command that finds none ends with BUSY.
package iscsi
