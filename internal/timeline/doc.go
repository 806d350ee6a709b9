// Package timeline turns what the protocols saw into the course of each boot:
// events become attempts, and attempts that stall get a verdict in words.
//
// An Event is one thing that happened on the wire. The daemon makes events in
// the hooks of the protocols and hands them to Timeline.Observe. An Attempt is
// one boot of one machine, from the first DISCOVER to the beacon of the running
// system; Attempt.Next folds one event into it and says which Steps a person
// should read about. Judge looks at an attempt and at the time and says, when
// the boot has stalled, what was last seen, what should have come next, the
// likely cause, and what to do. All three are pure: the only time they know is
// the one in their arguments.
//
// The Timeline is the one thing with state: a bounded number of machines, the
// last attempts of each, and what they have taught (Learned): the routes that
// failed on it, the shape of offer that it takes, the pace of its downloads. It
// ticks once a second so that silence is noticed too, and tells its observers in
// order, each through a bounded queue of its own. Terminal, JSON log, web page,
// API, metrics and the fallback ladder all read the same timeline. Package report
// writes it for people.
//
// The order of a boot is that of PXE 2.1 section 2.2 (DISCOVER, offers,
// REQUEST, the boot server on port 4011, the transfer of the loader) and, for
// HTTP Boot, of UEFI 2.10 section 24.7.
package timeline
