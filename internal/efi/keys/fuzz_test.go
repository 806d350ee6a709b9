package keys

import (
	"bytes"
	"encoding/pem"
	"os"
	"testing"
)

// Whatever is in a file, it is a key or an error. What says how a key is encrypted
// stays as OpenSSL wrote it: otherwise it may ask for years of work.
func FuzzParse(f *testing.F) {
	var encrypted []byte
	for _, name := range []string{"/usr/share/ovmf/PkKek-1-snakeoil.key", "/usr/share/ovmf/PkKek-1-snakeoil.pem"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		block, _ := pem.Decode(text)
		f.Add(block.Type, block.Bytes)
		if block.Type == encryptedBlock {
			encrypted = block.Bytes[4:84]
		}
	}
	f.Fuzz(func(t *testing.T, kind string, der []byte) {
		text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
		c, err := parseCertificate(text)
		if (c == nil) == (err == nil) {
			t.Errorf("certificate %v, %v", c, err)
		}
		block, err := keyBlock(text)
		if err != nil || block.Type == encryptedBlock && (len(der) < 84 || !bytes.Equal(der[4:84], encrypted)) {
			return
		}
		key, err := parseKey(block, []byte("snakeoil"))
		if (key == nil) == (err == nil) {
			t.Errorf("key %v, %v", key, err)
		}
	})
}
