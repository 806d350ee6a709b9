package signeddata

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var from, until = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)

// certify is a certificate for a key, issued by a parent or by itself.
func certify(t testing.TB, name string, public any, parent *x509.Certificate, by crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name},
		NotBefore: from, NotAfter: until, IsCA: true, BasicConstraintsValid: true,
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newSigner(t testing.TB) *Signer {
	t.Helper()
	key := newKey(t, 2048)
	s, err := NewSigner(key, certify(t, "One", key.Public(), nil, key), from)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewSignerRefuses(t *testing.T) {
	key, other, short := newKey(t, 2048), newKey(t, 2048), newKey(t, 1024)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		key   crypto.Signer
		owner crypto.Signer
		now   time.Time
		want  string
	}{
		{"good", key, key, from, ""},
		{"other key", other, key, from, `the key isn't that of the certificate "C"`},
		{"expired", key, key, until.Add(time.Second), `the certificate "C" expired at 2036-01-01 00:00:00`},
		{"not yet", key, key, from.Add(-time.Second), `the certificate "C" is valid from 2026-01-01 00:00:00 on only`},
		{"EC", curve, curve, from, `the certificate "C" has a key of kind ECDSA; UEFI takes RSA only`},
		{"EC key", curve, key, from, `the key isn't that of the certificate "C"`},
		{"short", short, short, from, "has an RSA key of 1024 bits; 2048 to 8192 are taken"},
	} {
		_, err := NewSigner(tt.key, certify(t, "C", tt.owner.Public(), nil, tt.owner), tt.now)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// OpenSSL reads both forms and finds them right; so does Verify.
func TestAgainstOpenSSL(t *testing.T) {
	s := newSigner(t)
	content := []byte{0x04, 3, 'a', 'b', 'c'}
	enclosed, err := s.Enclose(oidData(), content)
	if err != nil {
		t.Fatal(err)
	}
	detached, err := s.Detach([]byte("abc"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{"enclosed": enclosed, "data": []byte("abc"), "cert": s.Certificate.Raw} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("openssl", "smime", "-verify", "-inform", "DER", "-in", "enclosed", "-noverify", "-binary", "-out", "out")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("openssl: %v\n%s", err, out)
	}
	if out, err := os.ReadFile(filepath.Join(dir, "out")); string(out) != "abc" {
		t.Errorf("openssl finds %q, %v", out, err)
	}
	for name, der := range map[string][]byte{"enclosed": enclosed, "detached": detached, "zeros": append(enclosed, 0, 0, 0)} {
		p, err := Parse(der)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := p.Verify([]byte("abc")); err != nil || Name(p.Signer) != "One" {
			t.Errorf("%s by %s: %v", name, Name(p.Signer), err)
		}
	}
	if p, err := Parse(detached); err != nil || p.Verify([]byte("abd")) == nil {
		t.Errorf("other data than what was signed, %v", err)
	}
}

// One bit that is different makes a signature wrong, or unreadable; whichever it is.
func TestChanged(t *testing.T) {
	der, err := newSigner(t).Enclose(oidData(), []byte{0x04, 3, 'a', 'b', 'c'})
	if err != nil {
		t.Fatal(err)
	}
	before, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{before.Content, before.info.Signature, before.info.Authenticated.Bytes} {
		at := bytes.Index(der, part) + len(part) - 1
		changed := slices.Clone(der)
		changed[at] ^= 1
		if p, err := Parse(changed); err == nil && p.Verify(nil) == nil {
			t.Errorf("byte %d was changed", at)
		}
	}
}

func TestDeterministic(t *testing.T) {
	s := newSigner(t)
	a, err := s.Enclose(oidData(), []byte{4, 0})
	b, err2 := s.Enclose(oidData(), []byte{4, 0})
	if err != nil || err2 != nil || !bytes.Equal(a, b) {
		t.Errorf("%v, %v, equal: %t", err, err2, bytes.Equal(a, b))
	}
}

// The certificate in a db may be the signer's, its issuer's or that one's.
func TestAnchor(t *testing.T) {
	root, middle, leaf := newKey(t, 2048), newKey(t, 2048), newKey(t, 2048)
	rootCert := certify(t, "Root", root.Public(), nil, root)
	middleCert := certify(t, "Middle", middle.Public(), rootCert, root)
	leafCert := certify(t, "Leaf", leaf.Public(), middleCert, middle)
	impostor := certify(t, "Root", leaf.Public(), nil, leaf)
	s := &SignedData{Signer: leafCert, Certificates: []*x509.Certificate{leafCert, middleCert}}
	for _, tt := range []struct {
		anchors []*x509.Certificate
		want    *x509.Certificate
	}{
		{[]*x509.Certificate{leafCert}, leafCert},
		{[]*x509.Certificate{impostor, middleCert}, middleCert},
		{[]*x509.Certificate{impostor, rootCert}, rootCert},
		{[]*x509.Certificate{impostor}, nil},
		{nil, nil},
	} {
		if got := s.Anchor(tt.anchors); got != tt.want {
			t.Errorf("got %v, want %v", got, tt.want)
		}
	}
	// Certificates that issue each other lead nowhere, and to an end.
	s = &SignedData{Signer: rootCert, Certificates: []*x509.Certificate{rootCert, middleCert}}
	if s.Anchor([]*x509.Certificate{impostor}) != nil {
		t.Error("an impostor vouches")
	}
}

func TestParseRefuses(t *testing.T) {
	s := newSigner(t)
	der, err := s.Enclose(oidData(), []byte{4, 0})
	if err != nil {
		t.Fatal(err)
	}
	anonymous := &Signer{certify(t, "Two", s.Certificate.PublicKey, nil, s.key), s.key}
	other, err := anonymous.Enclose(oidData(), []byte{4, 0})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		der  []byte
		want string
	}{
		{"empty", nil, "no PKCS #7 signature"},
		{"noise", []byte("nothing of the kind"), "no PKCS #7 signature"},
		{"cut off", der[:len(der)-1], "no PKCS #7 signature"},
		{"more", append(slices.Clone(der), 1), "no PKCS #7 signature"},
		{"data", []byte{0x30, 11, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1}, "of type 1.2.840.113549.1.7.1, no signature"},
		// The certificate has another name than the signature says.
		{"no certificate", bytes.Replace(other, anonymous.Certificate.RawTBSCertificate, bytes.ReplaceAll(anonymous.Certificate.RawTBSCertificate, []byte("Two"), []byte("Six")), 1), "certificate of its signer is not in it"},
	} {
		if _, err := Parse(tt.der); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	s := newSigner(f)
	for _, content := range [][]byte{{4, 0}, {0x30, 3, 2, 1, 1}} {
		der, err := s.Enclose(oidData(), content)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	der, err := s.Detach([]byte("abc"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Fuzz(func(t *testing.T, der []byte) {
		p, err := Parse(der)
		if err != nil {
			return
		}
		if p.Signer == nil || len(p.Certificates) > certificatesMost {
			t.Errorf("%+v", p)
		}
		_ = p.Verify([]byte("abc"))
		p.Anchor([]*x509.Certificate{s.Certificate})
	})
}
