package loader

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mozilla.org/pkcs7"
)

func TestSigners(t *testing.T) {
	plain, err := os.ReadFile("/usr/lib/ipxe/snponly.efi")
	if err != nil {
		t.Fatal(err)
	}
	one, two := signature(t, "First Signer"), signature(t, "Second Signer")
	cut := signed(t, plain, one)
	tests := []struct {
		name  string
		file  []byte
		want  []string
		wrong string
	}{
		{"unsigned", plain, nil, ""},
		{"signed", signed(t, plain, one), []string{"First Signer"}, ""},
		{"signed twice, as shim", signed(t, plain, one, two), []string{"First Signer", "Second Signer"}, ""},
		{"cut off", cut[:len(cut)-100], nil, "cut off"},
		{"no signature", signed(t, plain, []byte("nothing of the kind")), nil, "can't be read"},
		{"no PE", []byte("#!ipxe"), nil, "no EFI application"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Signers(bytes.NewReader(tt.file))
			if !slices.Equal(got, tt.want) || (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("got %v, %v; want %v, %q", got, err, tt.want, tt.wrong)
			}
		})
	}
}

// signature is a PKCS#7 signature by a new certificate of that name.
func signature(t *testing.T, name string) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	data, err := pkcs7.NewSignedData([]byte("the hash of a file"))
	if err != nil {
		t.Fatal(err)
	}
	if err := data.AddSigner(certificate, key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	out, err := data.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// signed is a PE32+ file with a certificate table of these entries at its end.
func signed(t *testing.T, file []byte, entries ...[]byte) []byte {
	t.Helper()
	file = slices.Clone(file)
	file = append(file, make([]byte, -len(file)&7)...)
	at := len(file)
	for _, e := range entries {
		file = binary.LittleEndian.AppendUint32(file, uint32(8+len(e)))
		file = append(file, 0, 2, pkcsSignedData, 0)
		file = append(file, e...)
		file = append(file, make([]byte, -len(file)&7)...)
	}
	header := int(binary.LittleEndian.Uint32(file[0x3c:]))
	directory := header + 24 + 112 + 4*8
	binary.LittleEndian.PutUint32(file[directory:], uint32(at))
	binary.LittleEndian.PutUint32(file[directory+4:], uint32(len(file)-at))
	return file
}

func FuzzSigners(f *testing.F) {
	f.Add([]byte("MZ"))
	if plain, err := os.ReadFile("/usr/lib/ipxe/snponly.efi"); err == nil {
		f.Add(plain[:4096])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		names, err := Signers(bytes.NewReader(data))
		if err != nil && names != nil {
			t.Errorf("%v and %v", names, err)
		}
	})
}
