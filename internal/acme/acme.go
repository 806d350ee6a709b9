// Package acme has an HTTPS server's certificate issued by an ACME server (RFC 8555)
// and renewed, by certmagic. Challenges are answered on the server's own ports:
// HTTP-01 by [Certificate.Answer], TLS-ALPN-01 by [Certificate.Get].
package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// Config says which certificate, and from whom.
type Config struct {
	Name      string // of the host, that the certificate is for
	Directory string // the ACME server's URL; empty for Let's Encrypt
	Email     string // that the ACME server may write to; may be empty
	Dir       string // where account, key and certificate are kept
	// Issued and Failed tell how it goes. They must not block.
	Issued func(until time.Time)
	Failed func(error)
}

// Certificate is one that an ACME server issues. It can be shown once Run has got it.
type Certificate struct {
	config Config
	cache  *certmagic.Cache
	magic  *certmagic.Config
	issuer *certmagic.ACMEIssuer
}

// New prepares everything and contacts nobody. Close ends what it begins.
func New(c Config) (*Certificate, error) {
	// The authorities that this host trusts are read before it confines itself.
	if _, err := x509.SystemCertPool(); err != nil {
		return nil, fmt.Errorf("read whom this host trusts: %w", err)
	}
	// certmagic listens itself while a challenge is under way, on a port that is not
	// ours: harmless on loopback, where nobody asks.
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	a := &Certificate{config: c}
	silent := zap.NewNop()
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil },
		Logger:           silent,
	})
	a.magic = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: c.Dir}, Logger: silent,
		// Firmware takes RSA alone, and tells no name where the address is one.
		KeySource:         certmagic.StandardKeyGenerator{KeyType: certmagic.RSA2048},
		DefaultServerName: c.Name, FallbackServerName: c.Name,
		OCSP:    certmagic.OCSPConfig{DisableStapling: true},
		OnEvent: a.event,
	})
	a.issuer = certmagic.NewACMEIssuer(a.magic, certmagic.ACMEIssuer{
		CA: c.Directory, TestCA: c.Directory, Email: c.Email, Agreed: true, Logger: silent,
		ListenHost: "127.0.0.1", AltHTTPPort: port, AltTLSALPNPort: port,
	})
	a.magic.Issuers = []certmagic.Issuer{a.issuer}
	return a, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Get is for [tls.Config.GetCertificate].
func (a *Certificate) Get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return a.magic.GetCertificate(hello)
}

// Protocols are for [tls.Config.NextProtos]: what is spoken, and that of a challenge.
func (a *Certificate) Protocols() []string { return []string{"http/1.1", "acme-tls/1"} }

// Host is the name, whatever the address.
func (a *Certificate) Host(netip.Addr) string { return a.config.Name }

// Answer answers challenges over plain HTTP, and has next answer everything else.
func (a *Certificate) Answer(next http.Handler) http.Handler {
	return a.issuer.HTTPChallengeHandler(next)
}

// Run gets the certificate, and keeps it valid until the context ends. A failure is
// told and tried again, later each time.
func (a *Certificate) Run(ctx context.Context) error {
	// certmagic's ManageSync does all of this too, and asks for an address by e-mail
	// on the terminal.
	c, err := a.magic.CacheManagedCertificate(ctx, a.config.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = a.magic.ObtainCertAsync(ctx, a.config.Name) // tries again, for a month
	case err == nil && c.NeedsRenewal(a.magic):
		err = a.magic.RenewCertAsync(ctx, a.config.Name, false) // likewise
	}
	if err == nil {
		c, err = a.magic.CacheManagedCertificate(ctx, a.config.Name)
	}
	switch {
	case ctx.Err() != nil:
		return nil //nolint:nilerr // Spur ends; the error only tells of it
	case err != nil:
		a.config.Failed(err)
	default:
		a.config.Issued(c.Leaf.NotAfter)
	}
	<-ctx.Done() // the cache sees to renewals
	return nil
}

// event tells of every try that fails.
func (a *Certificate) event(ctx context.Context, event string, data map[string]any) error {
	if err, _ := data["error"].(error); event == "cert_failed" && err != nil && ctx.Err() == nil {
		a.config.Failed(err)
	}
	return nil
}

// Close ends what New has begun, after Run has returned.
func (a *Certificate) Close() { a.cache.Stop() }
