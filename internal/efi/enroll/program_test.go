package enroll

import (
	"bytes"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/pefile"
	"github.com/spurboot/spur/internal/efi/siglist"
	"github.com/spurboot/spur/internal/lab"
)

// What the processor is given is what the assembler makes of the text beside it.
func TestCode(t *testing.T) {
	for name, c := range map[string]struct {
		code              []instruction
		assembler, prefix string
	}{
		"x64":   {codeX64(), "as", ".intel_syntax noprefix\n"},
		"arm64": {codeARM64(), "aarch64-linux-gnu-as", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := c.prefix
			for _, i := range c.code {
				text += i.text + "\n"
			}
			object := filepath.Join(t.TempDir(), "code.o")
			build := exec.Command(c.assembler, "-o", object, "-")
			build.Stdin = strings.NewReader(text)
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			flat := object + ".bin"
			if out, err := exec.Command(strings.TrimSuffix(c.assembler, "as")+"objcopy", "-O", "binary", "-j", ".text", object, flat).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			want, err := os.ReadFile(flat)
			if err != nil {
				t.Fatal(err)
			}
			if got := assemble(c.code); !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
			if len(want) > page {
				t.Errorf("%d bytes of code reach into the data", len(want))
			}
		})
	}
}

// The program is an EFI application whose data are where its code looks.
func TestProgram(t *testing.T) {
	writes := []Write{
		{Variable: siglist.DB(), Append: true, Update: bytes.Repeat([]byte{7}, 13), Refused: "no db"},
		{Variable: siglist.PK(), Update: []byte{8}, Refused: "no PK"},
	}
	for _, arch := range []boot.Arch{boot.X64, boot.ARM64} {
		p, err := Program(arch, Texts{Before: "a\nb", Done: "done"}, writes)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := Program(arch, Texts{Before: "a\nb", Done: "done"}, writes)
		if !bytes.Equal(p, again) {
			t.Error("the bytes differ from one time to the next")
		}
		f, err := pefile.Read(bytes.NewReader(p), int64(len(p)))
		if err != nil || f.Machine.Arch() != arch || f.Subsystem != pefile.Application {
			t.Fatalf("%+v, %v", f, err)
		}
		data, err := f.Contents(bytes.NewReader(p), ".data", dataMost)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(data, []byte{1, 0, 0, 0}) || !bytes.Contains(data, []byte("a\x00\r\x00\n\x00b\x00\x00\x00")) || !bytes.Contains(data, writes[0].Update) {
			t.Errorf("the data are %q", data)
		}
		if out, err := exec.Command("objdump", "-h", writeTemp(t, p)).CombinedOutput(); arch == boot.X64 && (err != nil || !bytes.Contains(out, []byte(".data"))) {
			t.Errorf("objdump says %v: %s", err, out)
		}
	}
	if _, err := Program(boot.RISCV64, Texts{}, nil); err == nil {
		t.Error("a program for riscv64")
	}
	if _, err := Program(boot.X64, Texts{}, []Write{{Update: make([]byte, dataMost)}}); err == nil {
		t.Error("a program of more than a mebibyte")
	}
}

func writeTemp(t *testing.T, b []byte) string {
	path := filepath.Join(t.TempDir(), "program.efi")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Microsoft's certificates are found where Debian has them.
func TestMicrosoft(t *testing.T) {
	shim, err := lab.Unpacked("shim-signed", "usr/lib/shim/shimx64.efi.signed")
	if err != nil {
		t.Fatal(err)
	}
	var contents [][]byte
	for _, path := range []string{"/usr/share/OVMF/OVMF_VARS_4M.ms.fd", shim} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, b)
	}
	db, kek := Microsoft(contents...)
	if got := names(db); got != "Microsoft Windows Production PCA 2011, Microsoft Corporation UEFI CA 2011, Microsoft UEFI CA 2023" {
		t.Errorf("for db: %s", got)
	}
	if got := names(kek); got != "Microsoft Corporation KEK CA 2011" {
		t.Errorf("for KEK: %s", got)
	}
	if db, kek = Microsoft(nil, []byte{0x30, 0x82}, bytes.Repeat([]byte{0x30, 0x82}, 1000)); len(db)+len(kek) > 0 {
		t.Errorf("found in nothing: %s %s", names(db), names(kek))
	}
}

func names(all []*x509.Certificate) string {
	var names []string
	for _, c := range all {
		names = append(names, c.Subject.CommonName)
	}
	return strings.Join(names, ", ")
}

func FuzzMicrosoft(f *testing.F) {
	f.Add([]byte{0x30, 0x82, 0x00, 0x08, 0x30, 0x82, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) { Microsoft(b) })
}
