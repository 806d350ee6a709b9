package timeline_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	. "github.com/spurboot/spur/internal/timeline"
)

// came is a machine with HTTP Boot that was offered a file over HTTPS, and whose
// handshakes fail.
func came(failures ...HandshakeFailure) Attempt {
	client := boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.HTTP, Loader: boot.ROM}
	start := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	events := []Event{
		{Kind: Asked, Client: client},
		{Kind: Offered, Client: client, Name: "boot.efi", Proto: "https", Route: "uefi-https"},
		{Kind: Chose, Client: client, Peer: netip.MustParseAddr("192.0.2.50"), Server: netip.MustParseAddr("192.0.2.2")},
	}
	for _, f := range failures {
		events = append(events, Event{Kind: HandshakeFailed, Proto: "https", Handshake: f, Err: "an error of package tls"})
	}
	var a Attempt
	for i, e := range events {
		e.Time = start.Add(time.Duration(i) * time.Second)
		a, _ = a.Next(e)
	}
	return a
}

// Every failure has a verdict of its own, which blames the route: the next try
// is another one.
func TestHandshakeVerdicts(t *testing.T) {
	sentences := map[string]bool{}
	for _, f := range []HandshakeFailure{
		PlainHTTP, OldTLS, NoCommonCipher, ECCertificate, NoCertificate, UnknownCA, Expired, WrongClock, WrongName, RefusesUs, Left, Silent, OtherTLS,
	} {
		a := came(f, f)
		if v, ok := Judge(a, a.Last.Add(time.Second)); ok {
			t.Errorf("%s: judged too early: %+v", f, v)
		}
		v, ok := Judge(a, a.Last.Add(10*time.Second))
		if !ok || v.Cause != Cause("tls-"+string(f)) || v.Blames != "uefi-https" || v.Likely == "" || v.Hint == "" {
			t.Errorf("%s: %+v", f, v)
		}
		if !strings.Contains(v.Sentence, "boot.efi over HTTPS") || sentences[v.Sentence] {
			t.Errorf("%s: the sentence is %q", f, v.Sentence)
		}
		sentences[v.Sentence] = true
		last := a.Steps[len(a.Steps)-1]
		if last.Kind != HandshakeFailed || last.Count != 2 {
			t.Errorf("%s: the last step is %+v", f, last)
		}
	}
}

// Firmware that trusts nobody doesn't even come.
func TestTrustsNobody(t *testing.T) {
	a := came()
	v, ok := Judge(a, a.Last.Add(time.Minute))
	if !ok || v.Cause != OfferIgnored || v.Blames != "uefi-https" || !strings.Contains(v.Likely, "no authority's certificate") || !strings.Contains(v.Hint, "spur loader ca") {
		t.Errorf("%+v", v)
	}
	// Its next boot option is another try, as soon as it comes.
	next := boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.HTTP, Loader: boot.ROM, IPv6: true}
	if !a.Begins(Event{Time: a.Last.Add(40 * time.Millisecond), Kind: Asked, Client: next}) {
		t.Error("HTTP Boot over IPv6 is taken for the same boot")
	}
}

// What follows is no matter of the handshake any more.
func TestHandshakeIsOver(t *testing.T) {
	a := came(UnknownCA)
	b, _ := a.Next(Event{Time: a.Last.Add(time.Second), Kind: FetchStart, Role: RoleKernel, Name: "boot.efi", Proto: "https"})
	if v, ok := Judge(b, b.Last.Add(10*time.Second)); ok {
		t.Errorf("%+v", v)
	}
	// The firmware's next boot option is another try.
	if !a.Begins(Event{Time: a.Last.Add(time.Second), Kind: Asked, Client: boot.Client{Proto: boot.PXE, Loader: boot.ROM, Firmware: boot.UEFI}}) {
		t.Error("the next boot option is taken for the same boot")
	}
}

// Whoever looks whether the port is open is no machine that can't boot.
func TestSilentConnection(t *testing.T) {
	a := came()
	a, _ = a.Next(Event{Time: a.Last.Add(time.Second), Kind: FetchStart, Role: RoleKernel, Name: "boot.efi", Proto: "https"})
	if _, steps := a.Next(Event{Time: a.Last.Add(time.Second), Kind: HandshakeFailed, Handshake: Silent}); steps != nil {
		t.Errorf("%+v", steps)
	}
}
