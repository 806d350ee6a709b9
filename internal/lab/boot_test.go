package lab

import (
	"os"
	"path/filepath"
	"testing"
)

const script = `#!ipxe
kernel tftp://10.77.0.1/vmlinuz initrd=initrd initrd=extra console=ttyS0 spur.test=one || shell
initrd tftp://10.77.0.1/initrd || shell
initrd tftp://10.77.0.1/extra || shell
boot
`

// netbootTree is a folder to serve by TFTP: Debian's iPXE, a script, a kernel
// and two initrds.
func netbootTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"undionly.kpxe", "snponly.efi"} {
		if err := copyFile(filepath.Join(dir, name), must[string](t)(file("/usr/lib/ipxe/"+name, "ipxe"))); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyFile(filepath.Join(dir, "vmlinuz"), must[string](t)(Kernel())); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "boot.ipxe"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Initramfs(filepath.Join(dir, "initrd"), InitramfsOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := ExtraInitramfs(filepath.Join(dir, "extra"), map[string]string{"extra/hello": "hello"}); err != nil {
		t.Fatal(err)
	}
	// dnsmasq serves what its user may read.
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A machine is booted by dnsmasq alone: the loader by DHCP and TFTP, then, as
// iPXE, a script, a kernel and two initrds.
func TestBoot(t *testing.T) {
	t.Parallel()
	tree := netbootTree(t)
	tests := []struct {
		firmware Firmware
		plainROM bool
		loader   string
		says     string // Up's last group
	}{
		{BIOS, true, "undionly.kpxe", "bios"},
		{UEFI, false, "snponly.efi", "uefi"},
	}
	for _, test := range tests {
		t.Run(string(test.firmware), func(t *testing.T) {
			t.Parallel()
			ctx, l := start(t)
			w := wire(t, l, "wire")
			if err := w.Router(); err != nil {
				t.Fatal(err)
			}
			server := host(t, l, "server", On(w, "10.77.0.1/24"))
			dhcp := must[*Process](t)(DNSMasq{Host: server, Range: "10.77.0.50,10.77.0.99,1h", TFTPRoot: tree, Args: []string{
				"--dhcp-userclass=set:ipxe,iPXE",
				"--dhcp-boot=tag:!ipxe," + test.loader,
				"--dhcp-boot=tag:ipxe,boot.ipxe",
			}}.Start(ctx))
			m := must[*Machine](t)(l.Boot("machine", Hardware{
				Firmware: test.firmware,
				Ports:    []Port{{Wire: w, PlainROM: test.plainROM}},
			}))
			up, err := m.WaitFor(ctx, Up)
			if err != nil {
				t.Fatalf("%v\ndnsmasq says:\n%s", err, indent(dhcp.Tail(tailLines)))
			}
			if got := up.Groups[1]; got != "/extra/hello" {
				t.Errorf("files %q", got)
			}
			if up.Groups[2] == "" || up.Groups[3] != test.says {
				t.Errorf("address %q, firmware %q", up.Groups[2], up.Groups[3])
			}
			if err := m.Wait(ctx); err != nil {
				t.Error(err)
			}
			if test.plainROM {
				// A client that says it is iPXE never gets this file here.
				if _, err := dhcp.WaitFor(ctx, "sent .*"+test.loader); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
