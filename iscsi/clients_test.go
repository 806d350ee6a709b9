package iscsi

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDiscovery lists targets by iscsi-ls; an initiator sees what it may use.
func TestDiscovery(t *testing.T) {
	var targets []*Target
	for i := range 200 { // more than one PDU of text
		targets = append(targets, &Target{Name: fmt.Sprintf("iqn.2026-11.example.spur:a-target-with-quite-a-long-name-%03d", i), LUNs: map[uint64]*LUN{0: {Device: newMemory(1 << 20)}}})
	}
	targets[7].Allow = func(string, net.Addr) error { return fmt.Errorf("nobody may") }
	addr := serve(t, &Server{Targets: Static(targets...)})
	out, err := tool(t, "libiscsi-bin", "iscsi-ls", "iscsi://"+addr+"/")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(out, "Target:"); n != 199 {
		t.Errorf("%d targets, want 199", n)
	}
	if strings.Contains(out, targets[7].Name) {
		t.Error("lists a target that the initiator may not use")
	}
}

// TestInquiry reads all pages by iscsi-inq.
func TestInquiry(t *testing.T) {
	addr := serve(t, &Server{Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{3: {Device: newMemory(1 << 20), Serial: "disk-7", Vendor: "ACME"}}})})
	url := "iscsi://" + addr + "/" + testTarget + "/3"
	for page, want := range map[string]string{"128": "disk-7", "131": "ACME", "176": "maximum", "177": "rotation", "178": "provisioning"} {
		out, err := tool(t, "libiscsi-bin", "iscsi-inq", "-e", "1", "-c", page, url)
		if err != nil || !strings.Contains(strings.ToLower(out), strings.ToLower(want)) {
			t.Errorf("page %s: %v, no %q in\n%s", page, err, want, out)
		}
	}
	// Only of this kind of NAA anybody may make designators (SPC-4 section 7.8.6.6).
	if out, err := tool(t, "libiscsi-bin", "iscsi-inq", "-e", "1", "-c", "131", url); err != nil || !regexp.MustCompile(`\(3\) NAA\nDesignator:\[[0-?]`).MatchString(out) {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := tool(t, "libiscsi-bin", "iscsi-inq", url); err != nil || !strings.Contains(out, "ACME") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestQEMU copies a disk there and back by qemu-img, with CHAP and digests.
func TestQEMU(t *testing.T) {
	dir := t.TempDir()
	raw, back := filepath.Join(dir, "raw"), filepath.Join(dir, "back")
	data := make([]byte, 8<<20)
	for i := range data {
		data[i] = byte(i * i >> 9)
	}
	if err := os.WriteFile(raw, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, digests := range []string{"none", "crc32c"} {
		for _, auth := range []*Auth{nil, Credentials{"user", "a secret of 16 b"}.Static()} {
			t.Run(fmt.Sprintf("%s auth %v", digests, auth != nil), func(t *testing.T) {
				addr := serve(t, &Server{Targets: Static(&Target{Name: testTarget, Auth: auth, LUNs: map[uint64]*LUN{0: {Device: newMemory(8 << 20)}}})})
				host, port, _ := net.SplitHostPort(addr)
				opts := "driver=iscsi,transport=tcp,portal=" + host + ":" + port + ",target=" + testTarget + ",lun=0,header-digest=" + digests
				args := []string{"qemu-img", "convert", "-n", "--image-opts"}
				if auth != nil {
					opts += ",user=user,password-secret=s"
					args = append(args, "--object", "secret,id=s,data=a secret of 16 b")
				}
				in := append(append([]string{}, args...), "--target-image-opts", "driver=raw,file.driver=file,file.filename="+raw, opts)
				if out, err := tool(t, "qemu-utils qemu-block-extra", in...); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if err := os.WriteFile(back, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				out, err := tool(t, "qemu-utils qemu-block-extra", append(args[:2:2], append([]string{"--image-opts", "-O", "raw"}, append(args[4:], opts, back)...)...)...)
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if got, err := os.ReadFile(back); err != nil || string(got) != string(data) {
					t.Errorf("other bytes came back than went (%v, %d bytes)", err, len(got))
				}
			})
		}
	}
}

// TestWrongSecret: a wrong secret, none, and a name that isn't known are
// refused, and the hook says so.
func TestWrongSecret(t *testing.T) {
	refused := make(chan error, 10)
	srv := &Server{Targets: Static(&Target{Name: testTarget, Auth: Credentials{"user", "right right right"}.Static(), LUNs: map[uint64]*LUN{0: {Device: newMemory(1 << 20)}}})}
	srv.Hooks.LoginRefused = func(_ net.Addr, _, _ string, err error) {
		refused <- err
	}
	addr := serve(t, srv)
	for _, who := range []string{"", "user%wrong@", "other%right right right@"} {
		if out, err := tool(t, "libiscsi-bin", "iscsi-inq", "iscsi://"+who+addr+"/"+testTarget+"/0"); err == nil {
			t.Errorf("%q was let in:\n%s", who, out)
		}
		if err := <-refused; !strings.Contains(err.Error(), "authentication failed") {
			t.Errorf("%q: %v", who, err)
		}
	}
	ok := "iscsi://user%right right right@" + addr + "/" + testTarget + "/0"
	if out, err := tool(t, "libiscsi-bin", "iscsi-inq", ok); err != nil {
		t.Errorf("the right secret: %v\n%s", err, out)
	}
}

// TestPortal: discoveries tell of an address without what only this host knows
// of it.
func TestPortal(t *testing.T) {
	for want, a := range map[string]net.Addr{
		"192.0.2.1:3260": &net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 3260},
		"[fe80::1]:3260": &net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 3260, Zone: "eth0"},
		"":               &net.UnixAddr{Name: "/run/iscsi"},
	} {
		if got := portalOf(a); got != want {
			t.Errorf("%v: %q, want %q", a, got, want)
		}
	}
}
