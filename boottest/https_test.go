package boottest

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/efi/siglist"
	"github.com/spurboot/spur/internal/lab"
)

// securely are the flags of a Spur that serves HTTPS alone, with an authority of
// its own.
func securely(w *world) (flags []string, data string) {
	data = filepath.Join(w.TempDir(), "state")
	return []string{"--https-port", "443", "--http-port", "0", "--data", data}, data
}

// trusting are the arguments of a machine whose firmware trusts the authority of a
// Spur with that folder.
func (w *world) trusting(data string) []string {
	w.Helper()
	lists := filepath.Join(w.TempDir(), "cacerts")
	out, err := w.home.Command(w.ctx, built.spur, "loader", "ca", "--data", data, "--esl", lists).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "SHA-256") {
		w.Fatalf("%v\n%s", err, out)
	}
	return []string{"-fw_cfg", "name=etc/edk2/https/cacerts,file=" + lists}
}

// secureMachine is one with firmware of a kind, and more arguments.
func (w *world) secureMachine(firmware lab.Firmware, args []string) *lab.Machine {
	w.Helper()
	m, err := w.lab.Boot("machine", lab.Hardware{Firmware: firmware, Ports: []lab.Port{{Wire: w.wire}}, Args: args})
	w.check(err)
	return m
}

// Firmware that trusts Spur's own authority boots over HTTPS: a kernel with its
// initrds made one EFI application, and an EFI application as it is.
func TestHTTPSBoot(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]func(*world) []string{
		"UKI": func(*world) []string {
			return []string{"boot", built.kernel, built.initrd, "--cmdline", "console=ttyS0 by=itself no_timer_check"}
		},
		"EFI application": func(w *world) []string {
			return []string{"boot", w.application("console=ttyS0 by=itself no_timer_check")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			flags, data := securely(w)
			args := w.trusting(data)
			spur := w.spur(append(line(w), flags...)...)
			m := w.secureMachine(lab.UEFIHTTP, args)
			up, err := m.WaitFor(w.ctx, lab.Up)
			if err != nil {
				w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
			}
			if !strings.Contains(up.Groups[0], "by=itself") {
				t.Errorf("the kernel has the command line %q", up.Groups[0])
			}
			w.took(spur, m, "uefi-https")
		})
	}
}

// With Microsoft's keys that is a shim and its GRUB, which goes on over HTTPS.
func TestHTTPSChain(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	flags, data := securely(w)
	args := w.trusting(data)
	spur := w.spur(append([]string{"boot", built.kernel, built.initrd, "--cmdline", "console=ttyS0 no_timer_check",
		"--secure-boot", "on", "--loaders", w.chainFolder("amd64", "x64", "/trixie")}, flags...)...)
	m := w.secureMachine(lab.SecureBootHTTP, args)
	if _, err := m.WaitFor(w.ctx, lab.Up); err != nil {
		w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
	w.took(spur, m, "uefi-https-shim-grub")
}

// An iPXE with HTTPS on UEFI trusts whom its firmware trusts.
func TestIPXEOverHTTPS(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	loader, err := lab.Unpacked("ipxe/trixie", "usr/lib/ipxe/snponly.efi")
	w.check(err)
	flags, data := securely(w)
	args := w.trusting(data)
	spur := w.spur(append([]string{"boot", built.kernel, built.initrd, "--cmdline", "console=ttyS0 no_timer_check", "--loaders", filepath.Dir(loader)}, flags...)...)
	m := w.secureMachine(lab.UEFI, args)
	if _, err := m.WaitFor(w.ctx, lab.Up); err != nil {
		w.Fatalf("%v\nSpur says:\n%s", err, spur.Tail(40))
	}
	w.took(spur, m, "uefi-x64-snponly", "ipxe-https")
}

// What firmware refuses, Spur says of it.
func TestHTTPSRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		setUp func(w *world) (flags, machine []string)
		cause string
	}{
		{"nobody to trust", func(*world) ([]string, []string) { return nil, nil }, `offer-ignored".*"likely":"its firmware has no authority's certificate to trust`},
		{"another's authority", func(w *world) ([]string, []string) {
			return nil, w.trusting(filepath.Join(w.TempDir(), "another"))
		}, "tls-left"},
		{"a certificate for another address", func(w *world) ([]string, []string) {
			return w.certified("rsa:2048", "IP:10.77.0.200")
		}, "tls-wrong-name"},
		{"a certificate with an elliptic curve", func(w *world) ([]string, []string) {
			return w.certified("ec:P-256", "IP:"+homeAddr)
		}, "tls-ec-certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			flags, _ := securely(w)
			more, args := tt.setUp(w)
			spur := w.spur(append([]string{"boot", built.kernel, built.initrd}, append(flags, more...)...)...)
			m := w.secureMachine(lab.UEFIHTTP, args)
			w.told(spur, m, `"cause":"`+tt.cause+`.*"blames":"uefi-https"`)
		})
	}
}

// certified makes a certificate of its own signing. It returns the flags of a Spur
// that serves by it, and the arguments of a machine that trusts it.
func (w *world) certified(key, names string) (flags, machine []string) {
	w.Helper()
	dir := w.TempDir()
	cert, private := filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	args := []string{"req", "-x509", "-nodes", "-subj", "/CN=server", "-days", "30", "-addext", "subjectAltName=" + names, "-keyout", private, "-out", cert, "-newkey"}
	if curve, ok := strings.CutPrefix(key, "ec:"); ok {
		args = append(args, "ec", "-pkeyopt", "ec_paramgen_curve:"+curve)
	} else {
		args = append(args, key)
	}
	out, err := w.home.Command(w.ctx, "openssl", args...).CombinedOutput()
	if err != nil {
		w.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(cert)
	w.check(err)
	block, _ := pem.Decode(text)
	parsed, err := x509.ParseCertificate(block.Bytes)
	w.check(err)
	lists := filepath.Join(dir, "cacerts")
	w.check(os.WriteFile(lists, siglist.Certificates(siglist.GUID{}, parsed), 0o600))
	return []string{"--tls-cert", cert, "--tls-key", private}, []string{"-fw_cfg", "name=etc/edk2/https/cacerts,file=" + lists}
}
