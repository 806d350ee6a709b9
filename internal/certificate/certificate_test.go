package certificate_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/spurboot/spur/internal/certificate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// The authority is made once, whoever comes first, and is its owner's alone.
func TestAuthorityIsMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	var all [8]*certificate.Authority
	var running sync.WaitGroup
	for i := range all {
		running.Go(func() {
			a, _, err := certificate.LoadAuthority(dir, "host", now)
			if err != nil {
				t.Error(err)
			}
			all[i] = a
		})
	}
	running.Wait()
	again, made, err := certificate.LoadAuthority(dir, "another", now)
	if err != nil || made {
		t.Fatalf("%v, made anew: %v", err, made)
	}
	for _, a := range all {
		if a == nil || !a.Certificate.Equal(again.Certificate) {
			t.Fatal("two servers have different authorities")
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the rights %v, %v", f.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has the rights %v, %v", info.Mode(), err)
	}
}

// A server that was killed between the two files leaves an authority that the
// next one completes.
func TestAuthorityHalfMade(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := certificate.LoadAuthority(dir, "host", now); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "ca.crt")); err != nil {
		t.Fatal(err)
	}
	if _, made, err := certificate.LoadAuthority(dir, "host", now); err != nil || !made {
		t.Errorf("%v, made: %v", err, made)
	}
}

func TestAuthorityDamaged(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"not ca.key":                      func(dir string) error { return os.Remove(filepath.Join(dir, "ca.key")) },
		"no key in PEM":                   func(dir string) error { return os.WriteFile(filepath.Join(dir, "ca.key"), []byte("x"), 0o600) },
		"no certificate in PEM":           func(dir string) error { return os.WriteFile(filepath.Join(dir, "ca.crt"), []byte("x"), 0o600) },
		"no file of a key or certificate": func(dir string) error { return os.Truncate(filepath.Join(dir, "ca.crt"), 2<<20) },
		"is not for the key": func(dir string) error {
			other, err := os.MkdirTemp(dir, "other")
			if err != nil {
				return err
			}
			if _, _, err := certificate.LoadAuthority(other, "host", now); err != nil {
				return err
			}
			return os.Rename(filepath.Join(other, "ca.key"), filepath.Join(dir, "ca.key"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if _, _, err := certificate.LoadAuthority(dir, "host", now); err != nil {
				t.Fatal(err)
			}
			if err := damage(dir); err != nil {
				t.Fatal(err)
			}
			if _, _, err := certificate.LoadAuthority(dir, "host", now); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%v", err)
			}
		})
	}
}

// reached is a conversation with a client that came to an address of ours.
func reached(address string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{Conn: arrived{local: netip.MustParseAddrPort(address)}}
}

type arrived struct {
	net.Conn
	local netip.AddrPort
}

func (a arrived) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(a.local) }

// The server's certificate is for what the host has, follows its addresses, and
// is renewed before it expires, all while it is used.
func TestServer(t *testing.T) {
	a, err := certificate.NewAuthority("host", now)
	if err != nil {
		t.Fatal(err)
	}
	clock := now
	names := certificate.Names{Hosts: []string{"host.example", "no name"}, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("fe80::1%eth0")}}
	s, err := certificate.NewServer(a, func() certificate.Names { return names }, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	get := func(at string) *x509.Certificate {
		t.Helper()
		c, err := s.Get(reached(at))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Leaf.CheckSignatureFrom(a.Certificate); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(c.Certificate, func(der []byte) bool { return string(der) == string(a.Certificate.Raw) }) {
			t.Error("its issuer isn't sent with it")
		}
		return c.Leaf
	}
	first := get("192.0.2.1:443")
	for _, name := range []string{"host.example", "192.0.2.1", "fe80::1"} {
		if err := first.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if _, ok := first.PublicKey.(*rsa.PublicKey); !ok || len(first.DNSNames) != 1 || first.NotBefore.Year() != 2000 {
		t.Errorf("%v %v %v", first.PublicKeyAlgorithm, first.DNSNames, first.NotBefore)
	}
	if again := get("[::ffff:192.0.2.1]:443"); !again.Equal(first) {
		t.Error("it was issued anew for nothing")
	}
	second := get("198.51.100.7:443")
	if second.VerifyHostname("198.51.100.7") != nil || second.VerifyHostname("192.0.2.1") != nil {
		t.Errorf("a new address is not among %v", second.IPAddresses)
	}
	clock = second.NotAfter.Add(-40 * 24 * time.Hour)
	if again := get("198.51.100.7:443"); !again.Equal(second) {
		t.Error("it was renewed too early")
	}
	clock = second.NotAfter.Add(-20 * 24 * time.Hour)
	if third := get("192.0.2.1:443"); !third.NotAfter.After(second.NotAfter) {
		t.Errorf("it expires on %s, and was not renewed on %s", third.NotAfter, clock)
	}
	if got := s.Host(netip.MustParseAddr("192.0.2.1")); got != "192.0.2.1" {
		t.Errorf("it is to be called %s", got)
	}
}

// issued writes a certificate and its key to files.
func issued(t *testing.T, key any, change func(*x509.Certificate)) (cert, keyFile string) {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(365 * 24 * time.Hour), DNSNames: []string{"*.example", "boot.example"}, IPAddresses: []net.IP{{192, 0, 2, 1}}}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.(crypto.Signer).Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, keyFile = filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	if err := os.WriteFile(cert, certificate.PEM(der), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600); err != nil {
		t.Fatal(err)
	}
	return cert, keyFile
}

func TestFromFiles(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		key     any
		change  func(*x509.Certificate)
		refused string // part of the error
		warning string
	}{
		{"good", key, nil, "", ""},
		{"elliptic curve", curve, nil, "", "RSA alone"},
		{"small key", small, nil, "", "1024 bits"},
		{"expires soon", key, func(c *x509.Certificate) { c.NotAfter = now.Add(24 * time.Hour) }, "", "expires on 2026-11-28"},
		{"expired", key, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }, "has expired on 2026-11-27", ""},
		{"not yet valid", key, func(c *x509.Certificate) { c.NotBefore = now.Add(48 * time.Hour) }, "is not valid before 2026-11-29", ""},
		{"no name", key, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil }, "has no name", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cert, keyFile := issued(t, tt.key, tt.change)
			f, err := certificate.FromFiles(cert, keyFile, now)
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) || !strings.Contains(err.Error(), cert) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			warnings := strings.Join(f.Warnings(now), "\n")
			if (tt.warning == "") != (warnings == "") || !strings.Contains(warnings, tt.warning) {
				t.Errorf("the warnings are %q", warnings)
			}
			for address, host := range map[string]string{"192.0.2.1": "192.0.2.1", "192.0.2.2": "boot.example"} {
				if got := f.Host(netip.MustParseAddr(address)); got != host {
					t.Errorf("at %s it is to be called %s, want %s", address, got, host)
				}
			}
		})
	}
	t.Run("the key of another", func(t *testing.T) {
		cert, _ := issued(t, key, nil)
		_, other := issued(t, curve, nil)
		if _, err := certificate.FromFiles(cert, other, now); err == nil || !strings.Contains(err.Error(), other) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a key with a passphrase", func(t *testing.T) {
		cert, keyFile := issued(t, key, nil)
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{1}}), 0o600)
		if _, err := certificate.FromFiles(cert, keyFile, now); err == nil || !strings.Contains(err.Error(), "passphrase") {
			t.Errorf("%v", err)
		}
	})
	t.Run("swapped", func(t *testing.T) {
		cert, keyFile := issued(t, key, nil)
		if _, err := certificate.FromFiles(keyFile, cert, now); err == nil {
			t.Error("a key is taken for a certificate")
		}
	})
}

func FuzzFromFiles(f *testing.F) {
	a, err := certificate.NewAuthority("host", now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(certificate.PEM(a.Certificate.Raw), []byte("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, cert, key []byte) {
		c, k := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key")
		if os.WriteFile(c, cert, 0o600) != nil || os.WriteFile(k, key, 0o600) != nil {
			t.Fatal("can't write")
		}
		if files, err := certificate.FromFiles(c, k, now); err == nil && files.Host(netip.MustParseAddr("192.0.2.1")) == "" {
			t.Error("it has no name")
		}
		if a, err := certificate.ReadAuthority(dir); err == nil && !a.Certificate.IsCA {
			t.Error("an authority that is none")
		}
	})
}
