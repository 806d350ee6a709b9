package authenticode

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// The signatures of Microsoft and of Debian are right.
func TestDistributions(t *testing.T) {
	for _, tt := range []struct {
		name    string
		file    []byte
		signers []string
	}{
		{"shim", shim(t), []string{"Microsoft Windows UEFI Driver Publisher", "Microsoft UEFI CA 2023 signer"}},
		{"GRUB", unpacked(t, "grub-efi-amd64-signed", "usr/lib/grub/*/grubnetx64.efi.signed"), []string{"Debian Secure Boot Signer 2022 - grub2"}},
		{"kernel", unpacked(t, "linux-image-cloud-amd64", "boot/vmlinuz-*"), []string{"Debian Secure Boot Signer 2022 - linux"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			names, err := Signers(bytes.NewReader(tt.file), int64(len(tt.file)))
			if err != nil || !slices.Equal(names, tt.signers) {
				t.Errorf("%q, %v", names, err)
			}
			list, err := Verify(bytes.NewReader(tt.file), int64(len(tt.file)))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				certificates := s.signed.Certificates
				if s.Anchor([]*x509.Certificate{certificates[len(certificates)-1]}) == nil {
					t.Errorf("%s: its own issuer doesn't vouch for it", s.Name())
				}
			}
		})
	}
}

// A byte that is changed anywhere makes a signature wrong, except in the fields that
// it leaves out.
func TestChanged(t *testing.T) {
	file := signed(t, read(t, "/usr/lib/ipxe/snponly.efi"), newSigner(t, t.TempDir(), "One"))
	header := int(binary.LittleEndian.Uint32(file[0x3c:]))
	for _, tt := range []struct {
		at    int
		wrong bool
	}{
		{2, true}, {header + 8, true}, {0x300, true}, {len(file) / 2, true}, {header + 24 + 64, false},
	} {
		changed := slices.Clone(file)
		changed[tt.at] ^= 1
		_, err := Verify(bytes.NewReader(changed), int64(len(changed)))
		if tt.wrong != (err != nil && strings.Contains(err.Error(), `its signature 1, by "One", is wrong: it is for another file`)) {
			t.Errorf("byte %d: %v", tt.at, err)
		}
	}
}

func TestSignaturesRefused(t *testing.T) {
	plain := read(t, "/usr/lib/ipxe/snponly.efi")
	good := signed(t, plain, newSigner(t, t.TempDir(), "One"))
	table := len(plain)
	with := func(at int, bytes ...byte) []byte {
		b := slices.Clone(good)
		copy(b[at:], bytes)
		return b
	}
	for _, tt := range []struct {
		name string
		file []byte
		want string
	}{
		{"unsigned", plain, "it has no signature"},
		{"cut off", good[:len(good)-100], "cut off"},
		{"no signature", with(table+8, []byte("nothing of the kind")...), "its signature 1 can't be read: it is no PKCS #7 signature"},
		{"entry of no size", with(table, 0, 0), "its certificate table is damaged"},
		{"entry too large", with(table, 0, 0, 1), "its certificate table is damaged"},
		{"changed signature", with(table+int(binary.LittleEndian.Uint32(good[table:]))-9, 1, 2), "it wasn't made with the key"},
		{"no PE", []byte("#!ipxe"), "no EFI binary"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Verify(bytes.NewReader(tt.file), int64(len(tt.file))); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if list, err := Signatures(bytes.NewReader(plain), int64(len(plain))); list != nil || err != nil {
		t.Errorf("unsigned: %v, %v", list, err)
	}
}

func FuzzSignatures(f *testing.F) {
	plain := read(f, "/usr/lib/ipxe/snponly.efi")
	signer := newSigner(f, f.TempDir(), "One")
	// Small files are quick to try: headers, no sections, signatures.
	small := slices.Clone(plain[:0x2c0])
	binary.LittleEndian.PutUint16(small[binary.LittleEndian.Uint32(small[0x3c:])+6:], 0)
	f.Add(small)
	f.Add(signed(f, small, signer))
	f.Add(signed(f, signed(f, small, signer), signer))
	f.Fuzz(func(t *testing.T, file []byte) {
		r := bytes.NewReader(file)
		list, err := Verify(r, r.Size())
		if err == nil && len(list) == 0 {
			t.Error("no signature, and no error")
		}
		s, err := Sign(r, r.Size(), signer)
		if err != nil {
			return
		}
		after, err := Verify(s.Over(r), s.Size())
		if err != nil && len(list) > 0 || err == nil && len(after) != len(list)+1 {
			t.Errorf("signed once more it has %d signatures, %v; before %d", len(after), err, len(list))
		}
	})
}
