package siglist

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
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/efi/authenticode"
	"github.com/spurboot/spur/internal/efi/signeddata"
)

const ownerText = "11223344-5566-7788-99aa-bbccddeeff00"

func owner(t testing.TB) GUID {
	t.Helper()
	g, err := ParseGUID(ownerText)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// newSigner is a signer with a new key, in the PEM files key.pem and cert.pem of a
// folder as well.
func newSigner(t testing.TB, dir string) *signeddata.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Owner"}, NotAfter: time.Now().Add(time.Hour)}
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
	write(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	write(t, dir, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return signer
}

func write(t testing.TB, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

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

// Lists are byte for byte those of efitools, which reads ours.
func TestListsAsEfitools(t *testing.T) {
	dir := t.TempDir()
	one, two := newSigner(t, t.TempDir()).Certificate, newSigner(t, dir).Certificate
	run(t, dir, "cert-to-efi-sig-list", "-g", ownerText, "cert.pem", "theirs.esl")
	if ours := Certificates(owner(t), two); !bytes.Equal(ours, read(t, dir, "theirs.esl")) {
		t.Errorf("ours\n%x\ncert-to-efi-sig-list's\n%x", ours, read(t, dir, "theirs.esl"))
	}
	both := Certificates(owner(t), one, two)
	write(t, dir, "both.esl", both)
	run(t, dir, "sig-list-to-certs", "both.esl", "out")
	for i, c := range []*x509.Certificate{one, two} {
		if got := read(t, dir, []string{"out-0.der", "out-1.der"}[i]); !bytes.Equal(got, c.Raw) {
			t.Errorf("sig-list-to-certs finds another certificate %d", i)
		}
	}
	lists, err := Parse(both)
	if err != nil || len(lists) != 2 || lists[1].Entries[0].Owner != owner(t) {
		t.Fatal(lists, err)
	}
	if got := X509Certificates(lists); len(got) != 2 || !got[0].Equal(one) || !got[1].Equal(two) {
		t.Errorf("%d certificates", len(got))
	}
}

// A list of hashes is that of efitools, which computes them by itself.
func TestHashesAsEfitools(t *testing.T) {
	dir := t.TempDir()
	file := read(t, "/", "usr/lib/ipxe/snponly.efi")
	digest, err := authenticode.Digest(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	run(t, dir, "hash-to-efi-sig-list", "/usr/lib/ipxe/snponly.efi", "theirs.esl")
	theirs, err := Parse(read(t, dir, "theirs.esl"))
	if err != nil || len(theirs) != 1 || len(theirs[0].Entries) != 1 {
		t.Fatal(theirs, err)
	}
	ours := Hashes(theirs[0].Entries[0].Owner, [32]byte(digest))
	if !bytes.Equal(ours, read(t, dir, "theirs.esl")) {
		t.Errorf("ours\n%x\nhash-to-efi-sig-list's\n%x", ours, read(t, dir, "theirs.esl"))
	}
	two, err := Parse(Hashes(owner(t), [32]byte{1}, [32]byte{2}))
	if err != nil || len(two) != 1 || two[0].Type != SHA256() || len(two[0].Entries) != 2 || two[0].Entries[1].Data[0] != 2 {
		t.Errorf("%v, %v", two, err)
	}
	if Hashes(owner(t)) != nil {
		t.Error("a list of nothing has bytes")
	}
}

// Signed updates are byte for byte those of efitools.
func TestUpdatesAsEfitools(t *testing.T) {
	dir := t.TempDir()
	signer := newSigner(t, dir)
	data := Certificates(owner(t), signer.Certificate)
	write(t, dir, "data.esl", data)
	for _, tt := range []struct {
		variable Variable
		add      bool
		options  []string
	}{
		{PK(), false, nil}, {KEK(), false, nil}, {DB(), false, nil}, {DB(), true, []string{"-a"}}, {DBX(), true, []string{"-a"}},
	} {
		args := append(tt.options, "-t", "2026-01-02 03:04:05", "-k", "key.pem", "-c", "cert.pem", tt.variable.Name, "data.esl", "theirs.auth")
		run(t, dir, "sign-efi-sig-list", args...)
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		ours, err := Update{tt.variable, at, tt.add, data}.Sign(signer)
		if err != nil {
			t.Fatal(err)
		}
		theirs := read(t, dir, "theirs.auth")
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%s, append %t: ours\n%x\nsign-efi-sig-list's\n%x", tt.variable.Name, tt.add, ours, theirs)
		}
		s, err := ParseUpdate(theirs)
		if err != nil || !s.Time.Equal(at) || !bytes.Equal(s.Data, data) || !s.Signature.Signer.Equal(signer.Certificate) {
			t.Fatalf("%+v, %v", s, err)
		}
		if err := s.Verify(tt.variable, tt.add); err != nil {
			t.Error(err)
		}
		if s.Verify(tt.variable, !tt.add) == nil || s.Verify(Variable{"other", tt.variable.Vendor}, tt.add) == nil {
			t.Error("the signature is right for another variable or attribute")
		}
	}
}

func TestGUID(t *testing.T) {
	for text, g := range map[string]GUID{
		"a5c059a1-94e4-4aa7-87b5-ab155c2bf072": X509(),
		"c1c41626-504c-4092-aca9-41f936934328": SHA256(),
		"4aafd29d-68df-49ee-8aa9-347d375665a7": pkcs7(),
		"8be4df61-93ca-11d2-aa0d-00e098032b8c": PK().Vendor,
		"d719b2cb-3d3a-4596-a3bc-dad00e67656f": DB().Vendor,
	} {
		if got, err := ParseGUID(text); err != nil || got != g || g.String() != text {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "8be4df61", "8be4df6193ca11d2aa0d00e098032b8c", "8be4df61-93ca-11d2-aa0d-00e098032b8x", "8be4df61-93ca-11d2-aa0d00e0-98032b8c"} {
		if _, err := ParseGUID(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestDamagedLists(t *testing.T) {
	good := Hashes(owner(t), [32]byte{1})
	with := func(at int, b ...byte) []byte {
		out := slices.Clone(good)
		copy(out[at:], b)
		return out
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want string
	}{
		{"short", good[:20], "signature list 1 is damaged: 20 bytes are left, and its header has 28"},
		{"cut off", good[:len(good)-1], "it has 76 bytes, and 75 are left"},
		{"second cut off", append(slices.Clone(good), good[:5]...), "signature list 2 is damaged"},
		{"no size", with(16, 0), "it has 0 bytes, and its headers 28"},
		{"header", with(20, 0xff, 0xff, 0xff, 0xff), "and its headers 4294967323"},
		{"entries of nothing", with(24, 0), "its entries, of 0 bytes each"},
		{"entries that don't fill it", with(24, 47), "its entries, of 47 bytes each, don't fill its 76 bytes"},
	} {
		if _, err := Parse(tt.b); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	if lists, err := Parse(nil); lists != nil || err != nil {
		t.Errorf("nothing: %v, %v", lists, err)
	}
}

func TestDamagedUpdates(t *testing.T) {
	signer := newSigner(t, t.TempDir())
	good, err := Update{DB(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), false, []byte("data")}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	with := func(at int, b ...byte) []byte {
		out := slices.Clone(good)
		copy(out[at:], b)
		return out
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want string
	}{
		{"short", good[:30], "it has 30 bytes only"},
		{"other kind", with(22, 0, 0), "its signature is of kind 0x0"},
		{"other GUID", with(24, 0), "its signature is of kind 0xef1, 4aafd200"},
		{"cut off", good[:100], "its signature would have"},
		{"small", with(16, 3, 0, 0, 0), "its signature would have 3 bytes"},
		{"no signature", with(40, 0), "its signature can't be read"},
		{"no time", with(2, 13), "its time isn't one"},
		{"nanoseconds", with(8, 1), "its time isn't one"},
	} {
		if _, err := ParseUpdate(tt.b); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := (Update{DB(), time.Time{}, false, nil}).Sign(signer); err == nil || !strings.Contains(err.Error(), "years 1900 to 9999") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Hashes(owner(f), [32]byte{1}, [32]byte{2}))
	f.Add(append(Hashes(owner(f), [32]byte{1}), Hashes(owner(f), [32]byte{2})...))
	f.Fuzz(func(t *testing.T, b []byte) {
		lists, err := Parse(b)
		if err != nil {
			return
		}
		total := 0
		for _, l := range lists {
			total += listHeader
			for _, e := range l.Entries {
				total += ownerSize + len(e.Data)
			}
		}
		if total > len(b) {
			t.Errorf("%d bytes in lists of %d", total, len(b))
		}
		X509Certificates(lists)
	})
}

func FuzzParseUpdate(f *testing.F) {
	signer := newSigner(f, f.TempDir())
	b, err := Update{DB(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), false, []byte("data")}.Sign(signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseUpdate(b)
		if err != nil {
			return
		}
		if again, err := efiTime(s.Time); err != nil || again != s.stamp {
			t.Errorf("time %s", s.Time)
		}
		_ = s.Verify(DB(), false)
	})
}
