// Package scsi makes a SCSI disk (SPC-4, SBC-3) of any [block.Device]. It is for
// transports that carry SCSI commands, such as package iscsi, and knows of none how
// they do that.
//
// A [Unit] is a device and how it shows itself. A [Nexus] is what a unit knows of
// one initiator that uses it. For each [Command] of that initiator the transport
// asks [Nexus.DataOut] how many bytes it takes, and has it carried out by
// [Nexus.Execute]; data for the initiator go to the command's [Transport]
// meanwhile.
//
//	unit := &scsi.Unit{Device: disk}
//	nexus := &scsi.Nexus{Initiator: port, Target: name, Units: units, Abort: abort}
//	nexus.Join(unit)
//	…
//	nexus.Execute(ctx, &command)
//
// # Commands
//
// Those that an initiator of disks may send, in one table, which also answers
// REPORT SUPPORTED OPERATION CODES: reading, writing, verifying and comparing in
// all lengths of CDB, UNMAP, WRITE SAME, COMPARE AND WRITE, GET LBA STATUS, mode
// pages, persistent reservations, RESERVE and RELEASE. FUA, flushes and trims reach
// the device as such. COMPARE AND WRITE is one step to all writers of the unit.
//
// What isn't there: protection information, asymmetric access (ALUA), EXTENDED
// COPY, SANITIZE and the atomic writes of SBC-4.
//
// # What is the transport's
//
// The order of commands and their abortion, and memory for data. Commands of one
// nexus, and of several, may be carried out at the same time. A command allocates
// nothing where it reads or writes.
package scsi
