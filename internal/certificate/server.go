package certificate

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	serverLife = 397 * 24 * time.Hour
	renewWhile = 30 * 24 * time.Hour // it is still good for that long
	mostNames  = 100                 // of a host with very many addresses
)

// Server is a certificate of an authority of ours for this host. It is issued
// anew while it is used: before it expires, and when it is asked for at an address
// that it doesn't have yet.
type Server struct {
	authority *Authority
	names     func() Names
	now       func() time.Time
	key       *rsa.PrivateKey

	mu      sync.Mutex
	current *tls.Certificate
}

// Names are what a certificate is for.
type Names struct {
	Hosts     []string
	Addresses []netip.Addr
}

// NewServer makes a key for a server. names tells what the host has at the time.
func NewServer(a *Authority, names func() Names, now func() time.Time) (*Server, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	return &Server{authority: a, names: names, now: now, key: key}, nil
}

// Host is the address itself.
func (s *Server) Host(server netip.Addr) string { return server.String() }

// Get issues the certificate where that is due, which takes about a millisecond.
func (s *Server) Get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	local := localOf(hello)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && s.now().Before(s.current.Leaf.NotAfter.Add(-renewWhile)) && (!local.IsValid() || has(s.current.Leaf, local)) {
		return s.current, nil
	}
	names := s.names()
	if local.IsValid() && !slices.Contains(names.Addresses, local) {
		names.Addresses = append([]netip.Addr{local}, names.Addresses...)
	}
	c, err := s.authority.issue(s.key, names, s.now())
	if err != nil {
		return nil, err
	}
	s.current = c
	return c, nil
}

// localOf is the address of ours that a client came to.
func localOf(hello *tls.ClientHelloInfo) netip.Addr {
	if hello == nil || hello.Conn == nil {
		return netip.Addr{}
	}
	tcp, ok := hello.Conn.LocalAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

func has(c *x509.Certificate, a netip.Addr) bool { return c.VerifyHostname(a.String()) == nil }

// issue signs a certificate for a server. It doesn't outlive the authority's own.
func (a *Authority) issue(key *rsa.PrivateKey, names Names, now time.Time) (*tls.Certificate, error) {
	t := &x509.Certificate{
		SerialNumber: serial(), NotBefore: notBefore(), NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if t.NotAfter.After(a.Certificate.NotAfter) {
		t.NotAfter = a.Certificate.NotAfter
	}
	for _, name := range names.Hosts {
		if IsHostName(name) {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	for _, address := range names.Addresses[:min(len(names.Addresses), mostNames)] {
		t.IPAddresses = append(t.IPAddresses, address.WithZone("").AsSlice())
	}
	t.Subject = subject("Spur")
	if len(t.DNSNames) > 0 {
		t.Subject = subject(t.DNSNames[0])
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.Certificate, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der, a.Certificate.Raw}, PrivateKey: key, Leaf: leaf}, err
}

// IsHostName tells whether a name may stand in a certificate (RFC 1123 section 2.1).
func IsHostName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, letters) != "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return true
}
