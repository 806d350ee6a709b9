package keys_test

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/efi/keys"
	"github.com/spurboot/spur/internal/efi/siglist"
)

// What is exported is what OpenSSL and efitools take it for, and each update is
// signed by the key that firmware wants.
func TestExport(t *testing.T) {
	dir, out := filepath.Join(t.TempDir(), "keys"), filepath.Join(t.TempDir(), "public")
	have, err := keys.Create(dir, []byte("secret"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Export(out, have, []byte("wrong"), time.Now()); err == nil {
		t.Fatal("updates were signed without the passphrase")
	}
	if err := os.RemoveAll(out); err != nil {
		t.Fatal(err)
	}
	names, err := keys.Export(out, have, []byte("secret"), time.Now())
	if err != nil || len(names) != 12 {
		t.Fatalf("%v, %v", names, err)
	}
	for i, by := range []int{0, 0, 1} {
		name := filepath.Join(out, string(have[i].Role))
		for _, check := range []string{"openssl x509 -inform DER -noout -subject -in " + name + ".cer", "openssl x509 -noout -subject -in " + name + ".crt", "sig-list-to-certs " + name + ".esl " + name} {
			if said, err := exec.Command("sh", "-c", check).CombinedOutput(); err != nil || strings.HasPrefix(check, "openssl") && !strings.Contains(string(said), have[i].Name()) {
				t.Errorf("%s: %v\n%s", check, err, said)
			}
		}
		auth, err := os.ReadFile(name + ".auth")
		if err != nil {
			t.Fatal(err)
		}
		u, err := siglist.ParseUpdate(auth)
		if err != nil {
			t.Fatal(err)
		}
		if err := u.Verify(have[i].Role.Variable(), false); err != nil || u.Signature.Anchor([]*x509.Certificate{have[by].Certificate}) == nil {
			t.Errorf("%s.auth is not signed by %s: %v", have[i].Role, have[by].Role, err)
		}
	}
	if _, err := keys.Export(out, have, []byte("secret"), time.Now()); err == nil {
		t.Error("files were replaced")
	}
	// db alone has nobody who could sign an update.
	names, err = keys.Export(filepath.Join(t.TempDir(), "db"), have[2:], nil, time.Now())
	if err != nil || len(names) != 3 || slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, ".auth") }) {
		t.Errorf("of db alone: %v, %v", names, err)
	}
}
