package authenticode

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/efi/signeddata"
	"github.com/spurboot/spur/internal/lab"
)

// newSigner is a signer with a new key, in PEM files of a folder as well:
// name.key and name.crt.
func newSigner(t testing.TB, dir, name string) *signeddata.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signeddata.NewSigner(key, certificate, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	write(t, dir, name+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return signer
}

func write(t testing.TB, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unpacked is a file of a package that scripts/install has unpacked.
func unpacked(t testing.TB, row, pattern string) []byte {
	t.Helper()
	path, err := lab.Unpacked(row, pattern)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, path)
}

func shim(t testing.TB) []byte { return unpacked(t, "shim-signed", "usr/lib/shim/shimx64.efi.signed") }

// run runs a command in a folder and returns what it says.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// signed is a file signed by Sign.
func signed(t testing.TB, file []byte, signer *signeddata.Signer) []byte {
	t.Helper()
	r := bytes.NewReader(file)
	s, err := Sign(r, r.Size(), signer)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, s.Size())
	if n, err := s.Over(r).ReadAt(out, 0); n != len(out) {
		t.Fatalf("%d of %d bytes: %v", n, len(out), err)
	}
	return out
}
