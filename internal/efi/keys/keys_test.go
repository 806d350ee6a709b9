package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/efi/keys"
)

// Keys that were made are there, sign, and are nobody else's to read.
func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if have, err := keys.Read(dir); len(have) > 0 || err != nil {
		t.Fatalf("before: %v, %v", have, err)
	}
	made, err := keys.Create(dir, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	have, err := keys.Read(dir)
	if err != nil || len(have) != 3 || len(made) != 3 {
		t.Fatalf("made %d, kept %d: %v", len(made), len(have), err)
	}
	for i, k := range have {
		if k.Role != keys.Roles()[i] || k.Locked || !strings.HasSuffix(k.Name(), "("+string(k.Role)+")") {
			t.Errorf("%s is %q, locked %v", k.Role, k.Name(), k.Locked)
		}
		if _, err := k.Signer(nil, time.Now().AddDate(29, 0, 0)); err != nil {
			t.Errorf("%s in 29 years: %v", k.Role, err)
		}
		if info, err := os.Stat(k.Path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v", k.Path, info.Mode(), err)
		}
	}
	if _, err := keys.Create(dir, nil, time.Now()); err == nil {
		t.Error("keys were made twice")
	}
	if err := os.Remove(have[1].Path); err != nil {
		t.Fatal(err)
	}
	if made, err = keys.Create(dir, nil, time.Now()); err != nil || len(made) != 1 || made[0].Role != keys.KEK {
		t.Errorf("of one that is missing, %d were made: %v", len(made), err)
	}
}

// A key that others may read is refused, with what to do.
func TestOthersMayRead(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"file":   func(dir string) error { return os.Chmod(filepath.Join(dir, "db.pem"), 0o640) },
		"folder": func(dir string) error { return os.Chmod(dir, 0o711) },
		"owner":  func(dir string) error { return os.Chown(filepath.Join(dir, "db.pem"), 12345, -1) },
		"link": func(dir string) error {
			db := filepath.Join(dir, "db.pem")
			if err := os.Rename(db, db+".old"); err != nil {
				return err
			}
			return os.Symlink("db.pem.old", db)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "keys")
			if _, err := keys.Create(dir, nil, time.Now()); err != nil {
				t.Fatal(err)
			}
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := keys.Read(dir); err == nil || advice.Of(err) == "" {
				t.Errorf("read: %v", err)
			}
		})
	}
}

func TestPassphrase(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	made, err := keys.Create(dir, []byte("secret"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for passphrase, want := range map[string]string{"secret": "", "Secret": "doesn't open", "": "none was given"} {
		_, err := made[2].Signer([]byte(passphrase), time.Now())
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(advice.Of(err), "--passphrase-file")) {
			t.Errorf("with %q: %v", passphrase, err)
		}
	}
	if !made[2].Locked {
		t.Error("it isn't said that a passphrase is needed")
	}
}

// Each key that is of no use says why in one line, and what to do.
func TestImport(t *testing.T) {
	dir := t.TempDir()
	key, other, short := newRSA(t, 2048), newRSA(t, 2048), newRSA(t, 1024)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	file := func(name string, blocks ...*pem.Block) string {
		var text []byte
		for _, b := range blocks {
			text = append(text, pem.EncodeToMemory(b)...)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keyFile := file("key", keyBlock(t, key))
	good := file("good", certificate(t, key, now.AddDate(1, 0, 0)))
	damaged := keyBlock(t, key)
	damaged.Bytes = damaged.Bytes[:100]
	for name, tt := range map[string]struct{ key, certificate, want string }{
		"good":                    {keyFile, good, ""},
		"both in one file":        {file("both", certificate(t, key, now.AddDate(1, 0, 0)), keyBlock(t, key)), filepath.Join(dir, "both"), ""},
		"old form":                {file("pkcs1", &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), good, ""},
		"another's certificate":   {keyFile, file("other", certificate(t, other, now.AddDate(1, 0, 0))), "isn't that of the certificate"},
		"expired":                 {keyFile, file("expired", certificate(t, key, now.AddDate(0, 0, -1))), "expired at"},
		"EC":                      {file("ec", keyBlock(t, curve)), file("ec-cert", certificate(t, curve, now.AddDate(1, 0, 0))), "RSA only"},
		"EC, old form":            {file("ec1", &pem.Block{Type: "EC PRIVATE KEY"}), good, "RSA only"},
		"short":                   {file("short", keyBlock(t, short)), file("short-cert", certificate(t, short, now.AddDate(1, 0, 0))), "1024 bits"},
		"key without certificate": {keyFile, keyFile, "no certificate"},
		"certificate without key": {good, good, "no private key"},
		"no PEM":                  {"/bin/true", good, "no private key"},
		"damaged":                 {file("damaged", damaged), good, "can't be read"},
		"not there":               {filepath.Join(dir, "none"), good, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "keys")
			k, err := keys.Import(to, keys.DB, tt.key, tt.certificate, nil, now)
			if tt.want == "" {
				if err != nil || k.Role != keys.DB {
					t.Fatal(err)
				}
				if _, err = keys.Import(to, keys.DB, tt.key, tt.certificate, nil, now); err == nil {
					t.Error("a key was replaced")
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
			if tt.want != "no such file" && advice.Of(err) == "" {
				t.Errorf("%v: no word of what to do", err)
			}
			if have, _ := keys.Read(to); len(have) > 0 {
				t.Error("it was kept")
			}
		})
	}
}

// Debian's snakeoil key has a passphrase, of which OpenSSL made the encryption.
func TestImportEncrypted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	const key, certificate = "/usr/share/ovmf/PkKek-1-snakeoil.key", "/usr/share/ovmf/PkKek-1-snakeoil.pem"
	if _, err := keys.Import(dir, keys.DB, key, certificate, nil, time.Now()); err == nil || !strings.Contains(advice.Of(err), "--passphrase-file") {
		t.Errorf("without its passphrase: %v", err)
	}
	k, err := keys.Import(dir, keys.DB, key, certificate, []byte("snakeoil"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Signer([]byte("snakeoil"), time.Now()); err != nil || !k.Locked {
		t.Errorf("kept, locked %v: %v", k.Locked, err)
	}
}

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func keyBlock(t *testing.T, key crypto.Signer) *pem.Block {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return &pem.Block{Type: "PRIVATE KEY", Bytes: der}
}

func certificate(t *testing.T, key crypto.Signer, until time.Time) *pem.Block {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "own"}, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &pem.Block{Type: "CERTIFICATE", Bytes: der}
}
