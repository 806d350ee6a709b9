package authenticode

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/spurboot/spur/internal/efi/pefile"
)

// unsigned are EFI binaries of several linkers and architectures, some of a size
// that is no multiple of 8.
func unsigned(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"iPXE":         read(t, "/usr/lib/ipxe/snponly.efi"),
		"arm64 stub":   unpacked(t, "systemd-boot-efi:arm64", "usr/lib/systemd/boot/efi/linuxaa64.efi.stub"),
		"ia32 stub":    unpacked(t, "systemd-boot-efi:i386", "usr/lib/systemd/boot/efi/linuxia32.efi.stub"),
		"stub of 257":  unpacked(t, "systemd-boot-efi/trixie", "usr/lib/systemd/boot/efi/linuxx64.efi.stub"),
		"systemd-boot": read(t, "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"),
	}
}

// What Sign makes is right for sbverify, and what sbsign makes for Verify.
func TestAgainstSbsigntool(t *testing.T) {
	dir := t.TempDir()
	signer, other := newSigner(t, dir, "One"), newSigner(t, dir, "Two")
	for name, file := range unsigned(t) {
		t.Run(name, func(t *testing.T) {
			ours := signed(t, file, signer)
			write(t, dir, "ours.efi", ours)
			run(t, dir, "sbverify", "--cert", "One.crt", "ours.efi")
			list, err := Verify(bytes.NewReader(ours), int64(len(ours)))
			if err != nil || len(list) != 1 || list[0].Name() != "One" || !list[0].Certificate().Equal(signer.Certificate) {
				t.Errorf("%v, %v", list, err)
			}
			if list[0].Anchor([]*x509.Certificate{other.Certificate}) != nil || list[0].Anchor([]*x509.Certificate{signer.Certificate}) == nil {
				t.Error("the wrong certificate vouches for it")
			}
			write(t, dir, "plain.efi", file)
			run(t, dir, "sbsign", "--key", "Two.key", "--cert", "Two.crt", "--output", "theirs.efi", "plain.efi")
			theirs := read(t, dir+"/theirs.efi")
			if list, err := Verify(bytes.NewReader(theirs), int64(len(theirs))); err != nil || list[0].Name() != "Two" {
				t.Errorf("sbsign's: %v, %v", list, err)
			}
		})
	}
}

// A file that is signed already has both signatures afterwards.
func TestSignTwice(t *testing.T) {
	dir := t.TempDir()
	twice := signed(t, signed(t, read(t, "/usr/lib/ipxe/snponly.efi"), newSigner(t, dir, "One")), newSigner(t, dir, "Two"))
	write(t, dir, "twice.efi", twice)
	run(t, dir, "sbverify", "--cert", "One.crt", "twice.efi")
	run(t, dir, "sbverify", "--cert", "Two.crt", "twice.efi")
	list, err := Verify(bytes.NewReader(twice), int64(len(twice)))
	if err != nil || len(list) != 2 || list[0].Name() != "One" || list[1].Name() != "Two" {
		t.Errorf("%v, %v", list, err)
	}
}

// A hash that is known already saves reading the file.
func TestSignDigest(t *testing.T) {
	signer := newSigner(t, t.TempDir(), "One")
	file := unsigned(t)["ia32 stub"]
	if len(file)%8 == 0 {
		t.Fatal("its size is a multiple of 8")
	}
	digest, err := SigningDigest(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := SignDigest(bytes.NewReader(file), int64(len(file)), digest, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SignDigest(bytes.NewReader(file), int64(len(file)), digest[:20], signer); err == nil {
		t.Error("a hash of 20 bytes was signed")
	}
	r := s.Over(bytes.NewReader(file))
	got, err := io.ReadAll(iotest.OneByteReader(r))
	if err != nil || !bytes.Equal(got, signed(t, file, signer)) {
		t.Errorf("another file than that of Sign, of %d bytes: %v", len(got), err)
	}
	if after, err := Digest(r, s.Size()); err != nil || !bytes.Equal(after, digest) {
		t.Errorf("%x, %v", after, err)
	}
	if err := iotest.TestReader(s.Over(bytes.NewReader(file)), got); err != nil {
		t.Error(err)
	}
}

func TestSignRefuses(t *testing.T) {
	signer := newSigner(t, t.TempDir(), "One")
	plain := read(t, "/usr/lib/ipxe/snponly.efi")
	f, err := pefile.Read(bytes.NewReader(plain), int64(len(plain)))
	if err != nil {
		t.Fatal(err)
	}
	with := func(file []byte, at int64, n uint32) []byte {
		file = slices.Clone(file)
		binary.LittleEndian.PutUint32(file[at:], n)
		return file
	}
	once := signed(t, plain, signer)
	entry, _ := f.CertificateEntryAt()
	for _, tt := range []struct {
		name string
		file []byte
		want string
	}{
		{"no PE", []byte("#!ipxe"), "no EFI binary"},
		{"no place", with(plain, entry-4*8-4, 4), "its headers have no place for it"},
		{"overlap", with(plain, f.SectionHeaderAt(1)+16, 0x2a000-0x22a40), "sections overlap"},
		{"more after it", append(slices.Clone(once), 1), "1 bytes follow its signatures"},
		{"odd place", append(with(with(plain, entry, uint32(len(plain)+4)), entry+4, 8), make([]byte, 12)...), "no multiple of 8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Sign(bytes.NewReader(tt.file), int64(len(tt.file)), signer); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A file of nearly 4 GiB can be hashed but not signed: the place of its signature
// would not fit into the headers.
func TestTooLarge(t *testing.T) {
	plain := read(t, "/usr/lib/ipxe/snponly.efi")
	r := zerosAfter{bytes.NewReader(plain), int64(len(plain))}
	_, err := SignDigest(r, 1<<32-8, make([]byte, 32), newSigner(t, t.TempDir(), "One"))
	if err == nil || !strings.Contains(err.Error(), "has less than 4 GiB") {
		t.Error(err)
	}
}

// A file that shrinks while it is hashed is an error.
func TestShrunk(t *testing.T) {
	plain := read(t, "/usr/lib/ipxe/snponly.efi")
	if _, err := Digest(bytes.NewReader(plain[:100000]), int64(len(plain))); err == nil || !strings.Contains(err.Error(), "became shorter") {
		t.Error(err)
	}
}
