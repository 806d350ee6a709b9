package boottest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/lab"
)

// scriptIn writes a folder with an iPXE script and what it names relative to
// itself; one of these is another script, in a folder below it.
func (w *world) scriptIn() string {
	w.Helper()
	dir := w.TempDir()
	script := fmt.Sprintf("#!ipxe\nset dir sub/\nset line console=ttyS0 note={{ ID %q }} spur.up={{ UP }} end\nchain ${dir}menu.ipxe\n", built.note)
	menu := "#!ipxe\nkernel ../vmlinuz initrd=initrd.gz ${line}\ninitrd initrd.gz\nboot\n"
	w.check(os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	w.check(os.WriteFile(filepath.Join(dir, "menu.ipxe"), []byte(script), 0o644))
	w.check(os.WriteFile(filepath.Join(dir, "sub", "menu.ipxe"), []byte(menu), 0o644))
	for name, from := range map[string]string{"vmlinuz": built.kernel, "sub/initrd.gz": built.initrd} {
		b, err := os.ReadFile(from)
		w.check(err)
		w.check(os.WriteFile(filepath.Join(dir, name), b, 0o644))
	}
	return dir
}

// An operator's own script finds what it names relative to itself, in a file or
// at a URL, and has its URLs filled in.
func TestRelativeNamesInAScript(t *testing.T) {
	t.Parallel()
	for remote, firmwares := range map[bool][]lab.Firmware{false: {lab.BIOS, lab.UEFI}, true: {lab.BIOS, lab.UEFIHTTP}} {
		for _, firmware := range firmwares {
			t.Run(fmt.Sprintf("%s remote=%v", firmware, remote), func(t *testing.T) {
				w := newWorld(t)
				other := w.otherHost("other", dhcpAddr)
				w.foreignDHCP(other)
				target := filepath.Join(w.scriptIn(), "menu.ipxe")
				if remote {
					w.apiServer(other, http.FileServer(http.Dir("/")).ServeHTTP)
					target = "http://" + dhcpAddr + ":8000" + target
				}
				spur := w.spur("boot", target)
				m := w.machine("machine", firmware, lab.Port{})
				up, err := m.WaitFor(w.ctx, lab.Up)
				if err != nil {
					w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
				}
				if line := up.Groups[0]; !strings.Contains(line, "/note.txt spur.up=http://"+homeAddr) || strings.Contains(line, "{{") {
					t.Errorf("the kernel has %q", line)
				}
				w.told(spur, m, `"step":"up"`)
				if firmware == lab.UEFIHTTP {
					w.took(spur, m, "uefi-x64-http-snponly", "ipxe-http")
				}
				w.told(spur, m, `"role":"kernel".*"file":"vmlinuz"|"file":"vmlinuz".*"role":"kernel"`)
			})
		}
	}
}

// Presigned URLs, which are longer than a packet, boot over HTTP and over TFTP.
func TestLongURLs(t *testing.T) {
	t.Parallel()
	signature := "?X-Amz-Signature=" + strings.Repeat("0123456789abcdef", 200)
	for _, overTFTP := range []bool{false, true} {
		t.Run(fmt.Sprintf("over TFTP %v", overTFTP), func(t *testing.T) {
			w := newWorld(t)
			other := w.otherHost("other", dhcpAddr)
			w.foreignDHCP(other)
			w.apiServer(other, func(rw http.ResponseWriter, r *http.Request) {
				if len(r.URL.RawQuery) < 3000 {
					http.Error(rw, "not signed", http.StatusForbidden)
					return
				}
				http.FileServer(http.Dir("/")).ServeHTTP(rw, r)
			})
			at := "http://" + dhcpAddr + ":8000"
			args := []string{"boot", at + built.kernel + signature, at + built.initrd + signature, "--cmdline",
				`console=ttyS0 spur.up={{ ID "` + at + built.note + signature + `" }} end`}
			port := lab.Port{}
			if overTFTP {
				args = append(args, "--loaders", w.breakLoader("undionly.kpxe"))
				port = lab.Port{Filters: []lab.Filter{&without{feature: featHTTP, always: true}}}
			}
			spur := w.spur(args...)
			m := w.machine("machine", lab.BIOS, port)
			if overTFTP {
				// The loader with HTTP fails, so that TFTP is what is left.
				w.told(spur, m, `"file":"undionly.kpxe".*"bytes"`)
				w.check(m.Reset(w.ctx))
			}
			if _, err := m.WaitFor(w.ctx, lab.Up); err != nil {
				w.Fatal(err)
			}
			note, err := m.WaitFor(w.ctx, lab.Fetched)
			w.check(err)
			if note.Groups[1] != "a note" {
				t.Errorf("the extra file is %q", note.Groups[1])
			}
			if overTFTP {
				w.took(spur, m, "bios-ipxe-undionly", "ipxe-tftp")
			}
		})
	}
}
