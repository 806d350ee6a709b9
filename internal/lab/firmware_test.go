package lab

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
)

// loaders serves a folder with iPXE from a host by HTTP.
func loaders(t *testing.T, h *Host, folder string) {
	t.Helper()
	var listener net.Listener
	err := h.Do(func() (err error) {
		listener, err = net.Listen("tcp", "10.77.0.1:80")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.FileServer(http.Dir(folder))}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
}

// Every kind of UEFI firmware does what its name says: it asks by PXE or HTTP,
// and starts a loader that isn't signed or refuses it.
func TestFirmware(t *testing.T) {
	t.Parallel()
	const (
		pxe, http = "Start PXE over IPv4", "Start HTTP Boot over IPv4"
		runs      = "iPXE initialising devices"
		refuses   = "Access Denied|Security Violation"
		// The file isn't for its processor.
		fetches = `NBP file downloaded successfully|Downloading\.\.\.100%`
	)
	tests := []struct {
		firmware Firmware
		file     string
		asks     string // pattern
		then     string // pattern, after that
	}{
		{UEFIHTTP, "snponly.efi", http, runs},
		{SecureBoot, "snponly.efi", pxe, refuses},
		{SecureBootHTTP, "snponly.efi", http, refuses},
		{SnakeOil, "snponly.efi", pxe, refuses},
		{ARM64HTTP, "ipxe-arm64.efi", http, runs},
		{ARM64SecureBoot, "ipxe-arm64.efi", pxe, refuses},
		{ARM64SecureBootHTTP, "ipxe-arm64.efi", http, refuses},
		{ARM64SnakeOil, "ipxe-arm64.efi", pxe, refuses},
		{ARM64SnakeOilHTTP, "ipxe-arm64.efi", http, refuses},
		{IA32, "snponly.efi", pxe, fetches},
		{IA32HTTP, "snponly.efi", http, fetches},
		{RISCV64, "ipxe-riscv64.efi", pxe, runs},
	}
	folder := filepath.Dir(must[string](t)(Unpacked("ipxe/trixie", "usr/lib/ipxe/snponly.efi")))
	for _, test := range tests {
		t.Run(string(test.firmware), func(t *testing.T) {
			t.Parallel()
			ctx, l := start(t)
			w := wire(t, l, "wire")
			server := host(t, l, "server", On(w, "10.77.0.1/24"))
			loaders(t, server, folder)
			must[*Process](t)(DNSMasq{Host: server, Range: "10.77.0.50,10.77.0.99,1h", TFTPRoot: folder, Args: []string{
				"--dhcp-vendorclass=set:http,HTTPClient",
				"--dhcp-option-force=tag:http,60,HTTPClient",
				"--dhcp-boot=tag:http,http://10.77.0.1/" + test.file,
				"--dhcp-boot=tag:!http," + test.file,
			}}.Start(ctx))
			err := firmwareSays(ctx, l, "machine", Hardware{Firmware: test.firmware, Ports: []Port{{Wire: w}}}, test.asks, test.then)
			if err != nil {
				// Seen where QEMU got too little of the processor: the rest of a
				// line was missing. edk2 gives up what its port doesn't take in time.
				t.Log(err)
				err = firmwareSays(ctx, l, "again", Hardware{Firmware: test.firmware, Ports: []Port{{Wire: w}}}, test.asks, test.then)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// firmwareSays boots a machine and waits for the one, then the other pattern.
func firmwareSays(ctx context.Context, l *Lab, name string, hardware Hardware, asks, then string) error {
	ctx, cancel := context.WithTimeout(ctx, patience/2)
	defer cancel()
	m, err := l.Boot(name, hardware)
	if err != nil {
		return err
	}
	asked, err := m.WaitFor(ctx, asks)
	if err == nil {
		_, err = m.Serial().WaitAfter(ctx, asked.End, then)
	}
	return err
}

func TestFirmwares(t *testing.T) {
	for _, name := range Firmwares() {
		f, err := findFirmware(name)
		if err != nil {
			t.Error(err)
		}
		if _, err := f.arguments(t.TempDir(), "machine"); err != nil {
			t.Error(err)
		}
	}
}

// A machine that can't be built says why, and leaves the lab usable.
func TestBadHardware(t *testing.T) {
	ctx, l := start(t)
	w := wire(t, l, "wire")
	tests := []struct {
		name, want string
		hardware   Hardware
	}{
		{"no-card", "needs a network card", Hardware{Firmware: BIOS}},
		{"no-wire", "no wire", Hardware{Firmware: BIOS, Ports: []Port{{}}}},
		{"no-firmware", `firmware "": want one of bios`, Hardware{Ports: []Port{{Wire: w}}}},
		{"bad-args", "no-such-device", Hardware{Firmware: BIOS, Ports: []Port{{Wire: w, PlainROM: true}}, Args: []string{"-device", "no-such-device"}}},
	}
	for _, test := range tests {
		if _, err := l.Boot(test.name, test.hardware); err == nil || !contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	m := must[*Machine](t)(l.Boot("good", Hardware{Firmware: BIOS, Ports: []Port{{Wire: w, Model: "e1000"}}}))
	if _, err := m.WaitFor(ctx, "SeaBIOS"); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := m.WaitFor(ended, "never written"); err == nil || !contains(err.Error(), "| SeaBIOS") {
		t.Errorf("error without the serial port's last lines: %v", err)
	}
}
