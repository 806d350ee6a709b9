package daemon

import (
	"github.com/spurboot/spur/internal/httpd"
	"github.com/spurboot/spur/internal/timeline"
)

// handshakeFailed tells the story of the machine that could not have HTTPS.
func (f *files) handshakeFailed(h httpd.Handshake) {
	mac, known := f.machine(h.Remote.Addr())
	if !known {
		return
	}
	f.events.Observe(timeline.Event{
		Kind: timeline.HandshakeFailed, MAC: mac, Proto: "https", Peer: h.Remote.Addr(), Server: h.Local.Addr(),
		Handshake: inTheStory(h.Failure), Err: h.Err.Error(),
	})
}

// inTheStory is what the story calls the failure of a handshake.
func inTheStory(f httpd.Failure) timeline.HandshakeFailure {
	switch f {
	case httpd.PlainHTTP:
		return timeline.PlainHTTP
	case httpd.OldVersion:
		return timeline.OldTLS
	case httpd.NoCommonCipher:
		return timeline.NoCommonCipher
	case httpd.ECCertificate:
		return timeline.ECCertificate
	case httpd.NoCertificate:
		return timeline.NoCertificate
	case httpd.UnknownCA:
		return timeline.UnknownCA
	case httpd.Expired:
		return timeline.Expired
	case httpd.WrongClock:
		return timeline.WrongClock
	case httpd.WrongName:
		return timeline.WrongName
	case httpd.Refused:
		return timeline.RefusesUs
	case httpd.Left:
		return timeline.Left
	case httpd.Silent:
		return timeline.Silent
	}
	return timeline.OtherTLS
}
