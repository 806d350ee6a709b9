package record

import (
	"encoding/hex"
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// Format is the version of the format that this package writes.
const Format = 1

// Record is one machine's boot.
type Record struct {
	Head    Head
	Entries []Entry
}

// Head says what a record is, and what Spur knew when it began.
type Head struct {
	Format int       `json:"spur-record"`
	Spur   string    `json:"spur,omitempty"` // its version
	MAC    boot.MAC  `json:"mac"`
	Began  time.Time `json:"began"`
	// DHCP is how Spur took part in giving addresses; Beside: another DHCP server is
	// on the same host, so that its packets are not heard.
	DHCP      string         `json:"dhcp,omitempty"`
	Beside    bool           `json:"beside,omitempty"`
	Interface string         `json:"interface,omitempty"`
	Addresses []netip.Prefix `json:"addresses,omitempty"` // of that interface
	Known
	// Anonymous: addresses, identifiers and names were replaced.
	Anonymous bool `json:"anonymous,omitempty"`
	// Omitted is how many entries of its middle are missing.
	Omitted int `json:"omitted,omitempty"`
}

// Known is what was known of the machine when it was answered first: the routes that
// had failed on it, the shape of offer that it took before, and those that it has
// refused since.
type Known struct {
	Failed  []string `json:"failed,omitempty"`
	Shape   string   `json:"shape,omitempty"`
	Refused []string `json:"refused,omitempty"`
}

// Entry is one line of a record: one of what it points to.
type Entry struct {
	After   float64  `json:"after"` // seconds since it began
	Packet  *Packet  `json:"packet,omitempty"`
	Event   *Event   `json:"event,omitempty"`
	Verdict *Verdict `json:"verdict,omitempty"`
}

// At is when an entry was.
func (h Head) At(e Entry) time.Time {
	return h.Began.Add(time.Duration(e.After * float64(time.Second)))
}

// Way says whose a packet is.
type Way string

// The ways of packets.
const (
	Request Way = "request" // the machine's, to Spur
	Reply   Way = "reply"   // Spur's
	Heard   Way = "heard"   // another server's, to the machine
)

// Proto is the protocol of a packet.
type Proto string

// The protocols.
const (
	DHCP  Proto = "dhcp"
	DHCP6 Proto = "dhcp6"
)

// Packet is one packet of DHCP.
type Packet struct {
	Way   Way            `json:"way"`
	Proto Proto          `json:"proto"`
	Src   netip.AddrPort `json:"src,omitzero"`
	Dst   netip.AddrPort `json:"dst,omitzero"`
	// Server is the address of ours by which the machine reaches us.
	Server netip.Addr `json:"server,omitzero"`
	// Card is the hardware address that a request over IPv6 came from.
	Card *boot.MAC `json:"card,omitempty"`
	// Route, Shape and File are what a reply offers.
	Route string `json:"route,omitempty"`
	Shape string `json:"shape,omitempty"`
	File  string `json:"file,omitempty"`
	Says  string `json:"says,omitempty"`
	Bytes Hex    `json:"bytes"`
	// Known is, with a reply that is remembered, what it was decided by.
	Known *Known `json:"-"`
}

// ToBootServer says, of a request that went to port 4011, that it did; "" otherwise.
func (p Packet) ToBootServer() string {
	if p.Dst.Port() == 4011 {
		return " to port 4011"
	}
	return ""
}

// Hex is bytes, written in hexadecimal digits.
type Hex []byte

// MarshalText writes the digits.
func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// UnmarshalText reads them.
func (h *Hex) UnmarshalText(text []byte) error {
	b, err := hex.AppendDecode(nil, text)
	*h = b
	return err
}

// Event is an event of the timeline that no packet of DHCP shows: a file that was
// fetched, mostly. Its fields are those of timeline.Event.
type Event struct {
	Kind      string     `json:"kind"`
	Proto     string     `json:"proto,omitempty"`
	Role      string     `json:"role,omitempty"`
	Loader    string     `json:"loader,omitempty"`
	File      string     `json:"file,omitempty"`
	Route     string     `json:"route,omitempty"`
	Peer      netip.Addr `json:"peer,omitzero"`
	Server    netip.Addr `json:"server,omitzero"`
	Bytes     int64      `json:"size,omitempty"`
	Total     int64      `json:"total,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Hint      string     `json:"hint,omitempty"`
	Err       string     `json:"err,omitempty"`
	Refusal   string     `json:"refusal,omitempty"`
	Handshake string     `json:"handshake,omitempty"`
	Spare     bool       `json:"spare,omitempty"`
	More      bool       `json:"more,omitempty"`
	Audible   bool       `json:"audible,omitempty"`
}

// Verdict is why the boot did not go on.
type Verdict struct {
	Cause    string `json:"cause"`
	Sentence string `json:"sentence"`
	Likely   string `json:"likely,omitempty"`
	Hint     string `json:"hint,omitempty"`
}

// Verdict is the last verdict of a record; nil where there is none.
func (r Record) Verdict() *Verdict {
	for i := len(r.Entries) - 1; i >= 0; i-- {
		if v := r.Entries[i].Verdict; v != nil {
			return v
		}
	}
	return nil
}
