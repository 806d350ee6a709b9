package recorder

import (
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/timeline"
)

// eventOf is an event as a record has it; false for what its packets show.
func eventOf(e timeline.Event) (record.Event, bool) {
	switch e.Kind {
	case timeline.Offered, timeline.OtherOffered, timeline.Chose, timeline.Leased, timeline.Listed, timeline.BootAsked, timeline.ChoseOther, timeline.Answered:
		return record.Event{}, false
	case timeline.Asked:
		if e.Proto == "dhcp" {
			return record.Event{}, false
		}
	}
	return record.Event{
		Kind: string(e.Kind), Proto: e.Proto, Role: string(e.Role), Loader: string(e.Loader), File: e.Name, Route: e.Route,
		Peer: e.Peer, Server: e.Server, Bytes: e.Bytes, Total: e.Total, Reason: e.Reason, Hint: e.Hint, Err: e.Err,
		Refusal: string(e.Refusal), Handshake: string(e.Handshake), Spare: e.Spare, More: e.More,
	}, true
}

// EventFrom is the event that a record has.
func EventFrom(e record.Event) timeline.Event {
	return timeline.Event{
		Kind: timeline.Kind(e.Kind), Proto: e.Proto, Role: timeline.Role(e.Role), Loader: boot.Loader(e.Loader), Name: e.File, Route: e.Route,
		Peer: e.Peer, Server: e.Server, Bytes: e.Bytes, Total: e.Total, Reason: e.Reason, Hint: e.Hint, Err: e.Err,
		Refusal: timeline.Refusal(e.Refusal), Handshake: timeline.HandshakeFailure(e.Handshake), Spare: e.Spare, More: e.More,
	}
}
