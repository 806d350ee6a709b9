package timeline

import (
	"encoding/json"
	"math"
	"net/netip"
	"time"
)

// Span is a length of time; in JSON it is a number of seconds.
type Span time.Duration

// MarshalJSON writes seconds, to the millisecond.
func (s Span) MarshalJSON() ([]byte, error) {
	return json.Marshal(math.Round(time.Duration(s).Seconds()*1000) / 1000)
}

// UnmarshalJSON reads seconds.
func (s *Span) UnmarshalJSON(b []byte) error {
	var seconds float64
	if err := json.Unmarshal(b, &seconds); err != nil {
		return err
	}
	*s = Span(seconds * float64(time.Second))
	return nil
}

// Step is one line of what a person reads about a boot.
type Step struct {
	Time time.Time `json:"time"`
	// After is the time since the attempt began.
	After Span `json:"after"`
	Kind  Kind `json:"step"`
	// Text says it in plain words, with control characters escaped.
	Text string `json:"text"`
	// Count is how often it happened; retransmissions are counted here
	// instead of being told again.
	Count int `json:"count"`
	// Others of these requests were for other files, that came to nothing as well.
	Others int `json:"others,omitempty"`

	Interface string `json:"if,omitempty"`
	Route     string `json:"route,omitempty"`
	// Shape is the form of an offer, where it isn't the usual one.
	Shape  string     `json:"shape,omitempty"`
	Proto  string     `json:"proto,omitempty"`
	Role   Role       `json:"role,omitempty"`
	Name   string     `json:"file,omitempty"`
	Peer   netip.Addr `json:"peer,omitzero"`
	Server netip.Addr `json:"server,omitzero"`
	Bytes  int64      `json:"bytes,omitempty"`
	Total  int64      `json:"total,omitempty"`
	// Needs is how much memory the machine needs for what it was offered, or more than
	// it has.
	Needs int64 `json:"needs,omitempty"`
	// Row is where the operator says that this machine boots what it was offered.
	Row string `json:"row,omitempty"`
	// Took is how long a transfer took.
	Took   Span   `json:"took,omitzero"`
	Reason string `json:"reason,omitempty"`
	Err    string `json:"err,omitempty"`
}

// step makes the line that says text about e.
func (a Attempt) step(e Event, text string) Step {
	name := e.Client.Interface
	if name == "" {
		name = a.Interface
	}
	s := Step{
		Time: e.Time, After: Span(e.Time.Sub(a.Began)), Kind: e.Kind, Text: text, Count: 1,
		Interface: name, Route: e.Route, Proto: e.Proto, Role: e.Role, Name: e.Name,
		Peer: e.Peer, Server: e.Server, Bytes: e.Bytes, Total: e.Total,
		Reason: e.Reason, Err: e.Err, Needs: e.Needs, Row: e.Row,
	}
	if e.Reshaped {
		s.Shape = e.Shape
	}
	return s
}
