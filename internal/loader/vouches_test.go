package loader

import (
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"os"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/siglist"
)

// vendorCert is a section .vendor_cert that trusts something.
func vendorCert(trusted []byte) []byte {
	head := make([]byte, 16)
	binary.LittleEndian.PutUint32(head, uint32(len(trusted)))
	binary.LittleEndian.PutUint32(head[8:], 16)
	return append(head, trusted...)
}

// Debian's shim brings the certificate by which Debian's GRUB and kernels are
// signed; a shim may bring a list of them, as firmware has.
func TestVouches(t *testing.T) {
	for row, file := range map[string]string{"shim-signed": "shimx64.efi.signed", "shim-signed:arm64": "shimaa64.efi.signed"} {
		id, err := identifyFile(unpacked(t, row, "usr/lib/shim/"+file))
		if err != nil || !slices.Equal(id.Vouches, []string{"Debian Secure Boot CA"}) {
			t.Errorf("%s vouches for %q, %v", file, id.Vouches, err)
		}
	}
	text, err := os.ReadFile("/usr/share/ovmf/PkKek-1-snakeoil.pem")
	if err != nil {
		t.Fatal(err)
	}
	certificate := parsePEM(t, text)
	list := siglist.Certificates(siglist.GUID{}, certificate, certificate)
	for name, section := range map[string][]byte{"certificate": vendorCert(certificate.Raw), "list": vendorCert(list)} {
		if got := vouches(section); len(got) == 0 {
			t.Errorf("a %s vouches for %q", name, got)
		}
	}
	if got := vouches(append(vendorCert(nil), 1, 2, 3)); got != nil {
		t.Errorf("nothing vouches for %q", got)
	}
}

// What a GRUB of Debian's can do decides where it is given out.
func TestGRUBsTold(t *testing.T) {
	for row, want := range map[string]boot.Features{
		"grub-efi-amd64-signed":        0,
		"grub-efi-amd64-signed/trixie": boot.CanHTTP | boot.CanAfterHTTPBoot | boot.CanProxyDHCP,
	} {
		id, err := identifyFile(unpacked(t, row, "usr/lib/grub/*-signed/grubnetx64.efi.signed"))
		if got := id.Features & (boot.CanHTTP | boot.CanAfterHTTPBoot | boot.CanProxyDHCP); err != nil || got != want {
			t.Errorf("%s can do %b, %v", row, got, err)
		}
	}
}

func FuzzVouches(f *testing.F) {
	f.Add(vendorCert([]byte{0x30, 0}))
	f.Add(vendorCert(siglist.Hashes(siglist.GUID{}, [32]byte{})))
	f.Fuzz(func(_ *testing.T, section []byte) { vouches(section) })
}

func parsePEM(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("it is no PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
