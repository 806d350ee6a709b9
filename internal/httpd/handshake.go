package httpd

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"time"
)

// Failure says why a TLS handshake failed.
type Failure string

// The failures that can be told apart.
const (
	// PlainHTTP: the peer spoke HTTP without TLS.
	PlainHTTP Failure = "plain-http"
	// OldVersion: it knows no version of TLS that we speak.
	OldVersion Failure = "old-version"
	// NoCommonCipher: it offered no cipher suite that we have.
	NoCommonCipher Failure = "no-common-cipher"
	// ECCertificate: our certificate has an elliptic curve, and it offered no
	// cipher suite for such a one: firmware without ECDHE.
	ECCertificate Failure = "ec-certificate"
	// NoCertificate: we have no certificate to show it.
	NoCertificate Failure = "no-certificate"
	// UnknownCA: it doesn't trust who signed our certificate.
	UnknownCA Failure = "unknown-ca"
	// Expired: it finds our certificate expired, and so do we.
	Expired Failure = "expired"
	// WrongClock: it finds our certificate out of its time, and by our clock it isn't.
	WrongClock Failure = "wrong-clock"
	// WrongName: our certificate doesn't have the name or address that it asked.
	WrongName Failure = "wrong-name"
	// Refused: it refused our certificate and didn't say why.
	Refused Failure = "refused"
	// Left: it closed the connection when it had our certificate, in which nothing is
	// wrong by what we know, or fell silent. edk2 ends so whatever it has against a
	// certificate (seen with OVMF of Debian 12), and iPXE as well.
	Left Failure = "left"
	// Silent: it closed the connection, or fell silent, before it said anything.
	Silent Failure = "silent"
	// Other: anything else.
	Other Failure = "other"
)

// attempt is what is known of a handshake that failed.
type attempt struct {
	hello       *tls.ClientHelloInfo // nil where none came
	certificate *tls.Certificate     // that the peer was to be shown; nil for none
	called      string               // what it was told to call us, if it doesn't say
	now         time.Time
	err         error
}

// failureOf names the reason. It looks at nothing but its argument.
func failureOf(a attempt) Failure {
	if alert, ok := alertOf(a.err, "remote error"); ok {
		return a.alerted(alert)
	}
	// OpenSSL 3.0 refuses a certificate in TLS 1.3 by an alert that isn't
	// encrypted, which can't be read.
	if alert, ok := alertOf(a.err, "local error"); ok && alert == badRecordMAC {
		return a.alerted(certificateUnknown)
	}
	gone := errors.Is(a.err, io.EOF) || errors.Is(a.err, syscall.ECONNRESET) || errors.Is(a.err, syscall.EPIPE) || errors.Is(a.err, os.ErrDeadlineExceeded)
	switch {
	case spokenPlainly(a.err):
		return PlainHTTP
	case a.hello == nil && gone:
		return Silent
	case a.hello == nil:
		return Other
	case !slices.ContainsFunc(a.hello.SupportedVersions, func(v uint16) bool { return v >= tls.VersionTLS12 }):
		return OldVersion
	case a.certificate == nil:
		return NoCertificate
	case a.hasCurve() && !a.takesCurve():
		return ECCertificate
	case gone:
		return a.left()
	case !slices.ContainsFunc(a.hello.CipherSuites, spoken):
		return NoCommonCipher
	}
	return Other
}

// Alerts of TLS (RFC 8446 section 6).
const (
	badRecordMAC           tls.AlertError = 20
	handshakeFailure       tls.AlertError = 40
	badCertificate         tls.AlertError = 42
	unsupportedCertificate tls.AlertError = 43
	certificateExpired     tls.AlertError = 45
	certificateUnknown     tls.AlertError = 46
	unknownCA              tls.AlertError = 48
)

// alertOf is the alert with which the peer ("remote error") or we ("local error")
// ended a handshake. Package tls keeps its number to itself, but for its text.
func alertOf(err error, side string) (tls.AlertError, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != side {
		return 0, false
	}
	for n := range 256 {
		if alert := tls.AlertError(n); alert.Error() == op.Err.Error() {
			return alert, true
		}
	}
	return 0, false
}

// left is what a peer has against our certificate that leaves without a word.
func (a attempt) left() Failure {
	leaf := a.leaf()
	switch {
	case leaf != nil && a.now.After(leaf.NotAfter):
		return Expired
	case leaf != nil && leaf.VerifyHostname(a.asked()) != nil:
		return WrongName
	}
	return Left
}

// alerted is what a peer means by an alert. OpenSSL, and edk2 with it, says "bad
// certificate" of a name that doesn't match and of a certificate that isn't valid yet
// (X509_V_ERR_HOSTNAME_MISMATCH and _CERT_NOT_YET_VALID in its ssl/statem/statem_lib.c).
func (a attempt) alerted(alert tls.AlertError) Failure {
	leaf := a.leaf()
	switch alert {
	case unknownCA:
		return UnknownCA
	case certificateExpired:
		if leaf != nil && a.now.Before(leaf.NotAfter) {
			return WrongClock
		}
		return Expired
	case handshakeFailure, unsupportedCertificate:
		if a.hasCurve() && !a.takesCurve() {
			return ECCertificate
		}
		return Refused
	case badCertificate, certificateUnknown:
		if leaf != nil && leaf.VerifyHostname(a.asked()) != nil {
			return WrongName
		}
		return Refused
	}
	return Other
}

// asked is the name by which the peer asked us. Clients don't tell addresses (RFC
// 6066 section 3), and old firmware tells no names.
func (a attempt) asked() string {
	if a.hello != nil && a.hello.ServerName != "" {
		return a.hello.ServerName
	}
	return a.called
}

func (a attempt) leaf() *x509.Certificate {
	if a.certificate == nil {
		return nil
	}
	return a.certificate.Leaf // package tls fills it in
}

// hasCurve tells whether our certificate's key is not RSA.
func (a attempt) hasCurve() bool {
	leaf := a.leaf()
	if leaf == nil {
		return false
	}
	_, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	return ok || leaf.PublicKeyAlgorithm == x509.Ed25519
}

// takesCurve tells whether the peer offered a cipher suite for such a key.
func (a attempt) takesCurve() bool {
	return a.hello != nil && slices.ContainsFunc(a.hello.CipherSuites, func(id uint16) bool {
		switch id {
		case tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA:
			return true
		}
		return modern(id)
	})
}

// modern tells whether a cipher suite is one of TLS 1.3.
func modern(id uint16) bool {
	return id == tls.TLS_AES_128_GCM_SHA256 || id == tls.TLS_AES_256_GCM_SHA384 || id == tls.TLS_CHACHA20_POLY1305_SHA256
}

// spoken tells whether [FirmwareSuites] has a cipher suite, or TLS 1.3.
func spoken(id uint16) bool { return modern(id) || slices.Contains(FirmwareSuites(), id) }

// FirmwareSuites are cipher suites for TLS 1.2: those of every modern client, and two
// without forward secrecy for firmware. edk2's OpenSSL is built without elliptic
// curves, as a rule, and offers DHE, which Go doesn't have, and RSA key exchange,
// which Go offers only where it is named (seen with OVMF of Debian 12 and 13).
func FirmwareSuites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	}
}
