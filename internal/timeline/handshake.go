package timeline

import (
	"fmt"
	"time"

	"github.com/spurboot/spur/internal/boot"
)

// HandshakeFailure says why a machine and we didn't agree on TLS.
type HandshakeFailure string

// The failures of handshakes.
const (
	PlainHTTP      HandshakeFailure = "plain-http"       // it spoke HTTP to the port of HTTPS
	OldTLS         HandshakeFailure = "old-tls"          // it knows no TLS 1.2
	NoCommonCipher HandshakeFailure = "no-common-cipher" // it offered no cipher suite of ours
	ECCertificate  HandshakeFailure = "ec-certificate"   // it takes RSA alone, and our certificate isn't
	NoCertificate  HandshakeFailure = "no-certificate"   // we have none (yet)
	UnknownCA      HandshakeFailure = "unknown-ca"       // it doesn't trust who signed our certificate
	Expired        HandshakeFailure = "expired"          // our certificate has expired
	WrongClock     HandshakeFailure = "wrong-clock"      // its clock is not in our certificate's time
	WrongName      HandshakeFailure = "wrong-name"       // our certificate is for another name
	RefusesUs      HandshakeFailure = "refused"          // it refused our certificate and said no more
	Left           HandshakeFailure = "left"             // it went in the midst of it
	Silent         HandshakeFailure = "silent"           // it came and said nothing
	OtherTLS       HandshakeFailure = "other"            // anything else
)

// handshake is the one that failed last, while nothing came after it.
type handshake struct {
	failure HandshakeFailure
	err     string
}

// handshakeFailed folds a handshake that failed. Firmware tries again at once; that
// is counted. A connection without a word is told only of a machine that came for
// what we offered: others look whether a port is open.
func (a Attempt) handshakeFailed(e Event) (Attempt, []Step) {
	if a.Stage.lives() || e.Handshake == Silent && (a.loaderStage.proto != "https" || a.loaderStage.fetched && a.handshake.failure == "") {
		return a, nil
	}
	a.loaderStage.fetched = true // it came for its file
	if a.handshake.failure == e.Handshake {
		return a.countRepeat(HandshakeFailed), nil
	}
	a = a.forward(e, a.Stage)
	a.handshake = handshake{e.Handshake, e.Err}
	return a.addStep(a.step(e, "no HTTPS with us: "+e.Handshake.text(e.Err).what))
}

// handshakePatience: firmware that can't have TLS gives up within a second or two;
// it asks for the size of the file first, and then for the file.
const handshakePatience = 5 * time.Second

// noHandshake: the machine came for its file over HTTPS, and didn't get as far as
// to ask for it.
func noHandshake(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	h := a.handshake
	if h.failure == "" || still < handshakePatience {
		return Verdict{}, false
	}
	t := h.failure.text(h.err)
	v := Verdict{
		Cause:    Cause("tls-" + string(h.failure)),
		Sentence: fmt.Sprintf("%s came for %s over HTTPS, and %s.", a.program(), a.wanted(), t.what),
		Likely:   t.likely,
		Hint:     t.hint,
		Blames:   a.loaderStage.route,
	}
	return v, true
}

// gaveUpHTTPS tells whether firmware that asks had HTTPS before it, in vain: it
// failed, or it never came, and asks by something else at once.
func (a Attempt) gaveUpHTTPS(asks boot.Client) bool {
	h := a.loaderStage
	return a.handshake.failure != "" || h.proto == "https" && h.addressed() && !h.fetched && !sameProgram(h.client, asks)
}

// trustsNobody adds to the verdict on a machine that doesn't come for a file over
// HTTPS: edk2 without any authority's certificate doesn't even connect
// (TlsConfigCertificate in its HttpsSupport.c; seen with OVMF of Debian 12).
func (h loaderStage) trustsNobody(v Verdict) Verdict {
	v.Likely = "its firmware has no authority's certificate to trust, without which it doesn't try HTTPS. Or " + v.Likely
	v.Hint = trustUs + " Else " + v.Hint
	v.Blames = h.route
	return v
}

// handshakeText is what people read about a failure.
type handshakeText struct{ what, likely, hint string }

const (
	trustUs     = "spur loader ca exports the certificate that machines must be given as one to trust; enrol it in the firmware's set-up (TLS authentication configuration)."
	certainly   = "this says it all; the network has no part in it."
	firmwareRSA = "give Spur a certificate with an RSA key of 2048 bits by --tls-cert, or leave that out: Spur's own is RSA."
)

func (f HandshakeFailure) text(err string) handshakeText {
	switch f {
	case PlainHTTP:
		return handshakeText{"it spoke plain HTTP to the port of HTTPS", "a URL that begins with http:// names the port of HTTPS.", "correct that URL: https:// for this port."}
	case OldTLS:
		return handshakeText{"it knows no TLS 1.2", "its firmware is from before 2014 or so.", "update its firmware, or let it boot over plain HTTP or TFTP."}
	case NoCommonCipher:
		return handshakeText{"it offered no cipher suite that Spur has", "its firmware is restricted to suites that Spur doesn't speak, such as DHE or CBC alone.", "allow TLS_RSA_WITH_AES_128_GCM_SHA256 or one with ECDHE in its set-up, update its firmware, or let it boot over plain HTTP."}
	case ECCertificate:
		return handshakeText{"it takes RSA certificates alone, and Spur's has a key of elliptic curves", certainly, firmwareRSA}
	case NoCertificate:
		return handshakeText{"Spur has no certificate yet", "the ACME server hasn't issued it.", "see what Spur says about its certificate."}
	case UnknownCA:
		return handshakeText{"it doesn't trust who signed Spur's certificate", "that authority was never enrolled in it, or another Spur's was.", trustUs}
	case Expired:
		return handshakeText{"Spur's certificate has expired", certainly, "start Spur anew with one that is valid."}
	case WrongClock:
		return handshakeText{"by its clock Spur's certificate isn't valid", "its clock is wrong; by this host's the certificate is valid.", "set the machine's clock in its firmware's set-up; its battery may be empty."}
	case WrongName:
		return handshakeText{"Spur's certificate isn't for the name or address that it was told", "the certificate has other names than those that machines are told.", "have one issued with this host's address or name among its subject alternative names, or leave --tls-cert out."}
	case RefusesUs:
		return handshakeText{"it refused Spur's certificate without saying why", "it doesn't trust who signed it, or its clock is wrong.", trustUs + " See to its clock."}
	case Left:
		return handshakeText{"it hung up when it saw Spur's certificate", "it doesn't trust who signed that, and says so by hanging up, as firmware does; or its clock is wrong.", trustUs}
	case Silent:
		return handshakeText{"it hung up before it said anything", "its firmware has no certificate of any authority to trust.", trustUs}
	}
	return handshakeText{"the handshake of TLS failed: " + orElse(Clean(err), "nobody knows why"), "the machine's firmware and Spur don't understand each other.", "update its firmware, or let it boot over plain HTTP."}
}
