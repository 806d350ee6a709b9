package acme_test

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/spurboot/spur/internal/acme"
	"github.com/spurboot/spur/internal/certificate"
	"github.com/spurboot/spur/internal/scratch"
)

// The ACME server's own certificate is one that this host trusts by SSL_CERT_FILE,
// as an operator of a private one would have it.
var server struct{ certificate, key string }

func TestMain(m *testing.M) {
	folder, err := scratch.New("spur-acme-")
	if err == nil {
		server.certificate, server.key = filepath.Join(folder.Path(), "server.crt"), filepath.Join(folder.Path(), "server.key")
		var out []byte
		if out, err = exec.Command("openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=pebble",
			"-addext", "subjectAltName=IP:127.0.0.1", "-keyout", server.key, "-out", server.certificate).CombinedOutput(); err != nil {
			err = fmt.Errorf("openssl: %w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "acme:", err)
		os.Exit(1)
	}
	os.Setenv("SSL_CERT_FILE", server.certificate)
	code := m.Run()
	_ = folder.Close()
	// certmagic keeps one goroutine for each ACME server that it ever asked, to ask it
	// no more often than is welcome, and one for 5 s for each lock that it had.
	if err := goleak.Find(goleak.IgnoreTopFunction("github.com/caddyserver/certmagic.(*RingBufferRateLimiter).permit"),
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh")); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// start runs a program until the test ends.
func start(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v (Debian's package pebble)", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, said.String())
		}
	})
}

// listen opens a port of loopback.
func listen(t *testing.T) (net.Listener, int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, l.Addr().(*net.TCPAddr).Port
}

// pebble starts an ACME server that comes to these ports of ours, and returns its
// directory. Every name is one of this host for it.
func pebble(t *testing.T, httpPort, tlsPort int) string {
	t.Helper()
	free := func() int {
		l, port := listen(t)
		l.Close()
		return port
	}
	api, management, dns, dnsManagement := free(), free(), free(), free()
	config := filepath.Join(t.TempDir(), "pebble.json")
	text := fmt.Sprintf(`{"pebble": {"listenAddress": "127.0.0.1:%d", "managementListenAddress": "127.0.0.1:%d",
		"certificate": %q, "privateKey": %q, "httpPort": %d, "tlsPort": %d}}`, api, management, server.certificate, server.key, httpPort, tlsPort)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, "pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", fmt.Sprintf("127.0.0.1:%d", dns),
		"-management", fmt.Sprintf("127.0.0.1:%d", dnsManagement), "-http01", "", "-https01", "", "-tlsalpn01", "")
	start(t, "pebble", "-config", config, "-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns))
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", api)); err == nil {
			c.Close()
			break
		}
		if time.Now().After(until) {
			t.Fatal("pebble doesn't listen")
		}
	}
	return fmt.Sprintf("https://127.0.0.1:%d/dir", api)
}

// serve has a certificate used for HTTPS, and for HTTP where there is a listener.
func serve(t *testing.T, a *acme.Certificate, web, secure net.Listener) {
	t.Helper()
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	servers := []*http.Server{{Handler: hello, ReadHeaderTimeout: time.Minute}, {Handler: a.Answer(hello), ReadHeaderTimeout: time.Minute}}
	go servers[0].Serve(tls.NewListener(secure, &tls.Config{GetCertificate: a.Get, NextProtos: a.Protocols()}))
	if web != nil {
		go servers[1].Serve(web)
	}
	t.Cleanup(func() {
		for _, s := range servers {
			s.Close()
		}
	})
}

// A certificate is issued by challenges on our own ports: over HTTP and TLS, and
// over TLS alone; and the next start has it already.
func TestIssued(t *testing.T) {
	for _, overHTTP := range []bool{true, false} {
		t.Run(fmt.Sprintf("over HTTP %v", overHTTP), func(t *testing.T) {
			web, httpPort := listen(t)
			if !overHTTP {
				web.Close()
				web = nil
			}
			secure, tlsPort := listen(t)
			c := acme.Config{Name: "boot.example", Directory: pebble(t, httpPort, tlsPort), Email: "me@boot.example", Dir: t.TempDir()}
			first := run(t, c, web, secure)
			if first.Leaf == nil || first.Leaf.VerifyHostname("boot.example") != nil {
				t.Fatalf("it is for %v", first.Leaf)
			}
			if key, ok := first.Leaf.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() != 2048 {
				t.Errorf("it has a key of %v", first.Leaf.PublicKeyAlgorithm)
			}
			again, _ := listen(t)
			if second := run(t, c, nil, again); !second.Leaf.Equal(first.Leaf) {
				t.Error("the next start has another one")
			}
		})
	}
}

// run has a certificate until it is issued, and returns it as firmware gets it, which
// says no name.
func run(t *testing.T, c acme.Config, web, secure net.Listener) *tls.Certificate {
	t.Helper()
	issued := make(chan time.Time, 1)
	c.Issued = func(until time.Time) { issued <- until }
	c.Failed = func(err error) { t.Errorf("it failed: %v", err); issued <- time.Time{} }
	a, err := acme.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var _ certificate.Source = a
	if got := a.Host(netip.MustParseAddr("192.0.2.1")); got != c.Name {
		t.Errorf("it is to be called %s", got)
	}
	serve(t, a, web, secure)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	select {
	case until := <-issued:
		if time.Until(until) < time.Hour {
			t.Errorf("it is valid until %s", until)
		}
	case <-time.After(2 * time.Minute):
		t.Error("it was not issued")
	}
	got, err := a.Get(&tls.ClientHelloInfo{Conn: secureConn(t, secure)})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	return got
}

// secureConn is a connection to our port.
func secureConn(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// An ACME server that isn't there is told, and tried again; nothing hangs.
func TestNobodyThere(t *testing.T) {
	failed := make(chan error, 10)
	a, err := acme.New(acme.Config{
		Name: "boot.example", Directory: "https://127.0.0.1:1/dir", Dir: t.TempDir(),
		Issued: func(time.Time) { t.Error("issued by nobody") },
		Failed: func(err error) { failed <- err },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	select {
	case err := <-failed:
		if !strings.Contains(err.Error(), "127.0.0.1:1") {
			t.Errorf("%v", err)
		}
	case <-time.After(2 * time.Minute):
		t.Error("nothing was told")
	}
	l, _ := listen(t)
	if _, err := a.Get(&tls.ClientHelloInfo{ServerName: "boot.example", Conn: secureConn(t, l)}); err == nil {
		t.Error("there is a certificate")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
