// Package onlooker reads what somebody saw who looked on while machines booted: a
// capture of packets becomes the events of a timeline (Events, Attempts), or a record as
// a Spur would have kept it (ReadRecord).
package onlooker
