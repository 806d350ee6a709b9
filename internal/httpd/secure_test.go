package httpd

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates for the tests.
type authority struct {
	*x509.Certificate
	key *rsa.PrivateKey
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA of a test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return authority{sign(t, template, template, key.Public(), key), key}
}

func sign(t testing.TB, template, parent *x509.Certificate, public, key any) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// issue makes a certificate for 127.0.0.1, or as change says.
func (a authority) issue(t testing.TB, curve bool, change func(*x509.Certificate)) *tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	c := &tls.Certificate{}
	if curve {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c.Leaf, c.PrivateKey = sign(t, template, a.Certificate, key.Public(), a.key), key
	} else {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		c.Leaf, c.PrivateKey = sign(t, template, a.Certificate, key.Public(), a.key), key
	}
	c.Certificate = [][]byte{c.Leaf.Raw}
	return c
}

// file is the authority's certificate as openssl and curl take it.
func (a authority) file(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// secured is the configuration for firmware with one certificate.
func secured(c *tls.Certificate) *tls.Config {
	return &tls.Config{
		CipherSuites:   FirmwareSuites(),
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c, nil },
	}
}

// secureServer serves a file of 3 MiB and tells of handshakes that failed.
func secureServer(t testing.TB, c *tls.Certificate, bounds Bounds) (addr string, data []byte, failures chan Handshake) {
	t.Helper()
	fsys, _, data := folder(t, 3<<20)
	failures = make(chan Handshake, 100)
	addr = serve(t, &Server{
		Handler: &Handler{Open: FS(fsys)}, Bounds: bounds, TLS: secured(c),
		Hooks: ServerHooks{Handshake: func(h Handshake) { failures <- h }},
	}, nil)
	return addr, data, failures
}

// openssl makes one HTTPS request with what OpenSSL can do, and returns what it
// says and was sent.
func openssl(t testing.TB, addr string, args ...string) string {
	t.Helper()
	need(t, "openssl", "openssl")
	cmd := exec.CommandContext(t.Context(), "openssl", append([]string{"s_client", "-connect", addr, "-ign_eof"}, args...)...)
	cmd.Stdin = strings.NewReader("GET /disk.img HTTP/1.0\r\n\r\n")
	out, _ := cmd.CombinedOutput() // what it says tells whether it failed
	return string(out)
}

// OVMF's offer (seen on the wire), in OpenSSL's words: DHE and RSA key exchange,
// TLS 1.2 only.
const firmwareOffer = "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA256:DHE-RSA-AES128-SHA256:" +
	"AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA256:AES128-SHA256:AES256-SHA:AES128-SHA"

func TestSecureClients(t *testing.T) {
	a := newAuthority(t)
	addr, data, failures := secureServer(t, a.issue(t, false, nil), Bounds{})
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate)
	for version, name := range map[uint16]string{tls.VersionTLS12: "TLS 1.2", tls.VersionTLS13: "TLS 1.3"} {
		t.Run(name, func(t *testing.T) {
			c := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, MaxVersion: version}}}
			defer c.CloseIdleConnections()
			r, err := c.Get("https://" + addr + "/disk.img")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			if err != nil || !bytes.Equal(body, data) {
				t.Errorf("%d bytes, %v", len(body), err)
			}
			if r.ProtoMajor != 1 || r.TLS.Version != version {
				t.Errorf("%s over %s", r.Proto, tls.VersionName(r.TLS.Version))
			}
		})
	}
	t.Run("OpenSSL as firmware has it", func(t *testing.T) {
		said := openssl(t, addr, "-tls1_2", "-cipher", firmwareOffer, "-CAfile", a.file(t), "-verify_return_error")
		if !strings.Contains(said, "Cipher is AES") || !strings.Contains(said, "200 OK") || !strings.Contains(said, string(data[len(data)-1000:])) {
			t.Errorf("openssl says %.2000s", said)
		}
	})
	t.Run("curl with a range", func(t *testing.T) {
		got, err := curl(t, "--cacert", a.file(t), "-r", "1000000-1000009", "https://"+addr+"/disk.img")
		if err != nil || !bytes.Equal(got, data[1000000:1000010]) {
			t.Errorf("%x, %v", got, err)
		}
	})
	if len(failures) > 0 {
		t.Errorf("a handshake failed: %+v", <-failures)
	}
}

// Each way in which a handshake fails is told as what it is. The clients are
// OpenSSL, with which edk2 is built, and Go's.
func TestHandshakeFailures(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	trusting := func(t *testing.T) []string {
		return []string{"-tls1_2", "-cipher", firmwareOffer, "-CAfile", a.file(t), "-verify_return_error"}
	}
	rsaCert := a.issue(t, false, nil)
	for _, tt := range []struct {
		name        string
		certificate *tls.Certificate
		client      func(t *testing.T, addr string)
		want        Failure
	}{
		{"a CA that it doesn't know", rsaCert, func(t *testing.T, addr string) {
			openssl(t, addr, "-tls1_2", "-cipher", firmwareOffer, "-CAfile", stranger.file(t), "-verify_return_error")
		}, UnknownCA},
		{"the same with TLS 1.3", rsaCert, func(t *testing.T, addr string) {
			openssl(t, addr, "-CAfile", stranger.file(t), "-verify_return_error")
		}, Refused},
		{"an expired certificate", a.issue(t, false, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), func(t *testing.T, addr string) {
			openssl(t, addr, trusting(t)...)
		}, Expired},
		{"a clock that is ahead", rsaCert, func(t *testing.T, addr string) {
			openssl(t, addr, append(trusting(t), "-attime", "4000000000")...)
		}, WrongClock},
		{"another name", a.issue(t, false, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"boot.example"} }), func(t *testing.T, addr string) {
			openssl(t, addr, append(trusting(t), "-verify_ip", "127.0.0.1")...)
		}, WrongName},
		{"another name than asked", rsaCert, func(t *testing.T, addr string) {
			openssl(t, addr, append(trusting(t), "-servername", "boot.example", "-verify_hostname", "boot.example")...)
		}, WrongName},
		{"an EC certificate without ECDHE", a.issue(t, true, nil), func(t *testing.T, addr string) {
			openssl(t, addr, trusting(t)...)
		}, ECCertificate},
		{"no common cipher", rsaCert, func(t *testing.T, addr string) {
			openssl(t, addr, "-tls1_2", "-cipher", "DHE-RSA-AES256-SHA256:AES128-SHA")
		}, NoCommonCipher},
		{"old TLS", rsaCert, func(t *testing.T, addr string) {
			openssl(t, addr, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
		}, OldVersion},
		{"no certificate", nil, func(t *testing.T, addr string) { openssl(t, addr) }, NoCertificate},
		{"plain HTTP", rsaCert, func(t *testing.T, addr string) {
			got, err := curl(t, "http://"+addr+"/disk.img")
			if err != nil || !strings.Contains(string(got), "https://") {
				t.Errorf("curl is told %q, %v", got, err)
			}
		}, PlainHTTP},
		{"gone after the certificate", rsaCert, func(t *testing.T, addr string) {
			c := dial(t, addr)
			defer c.Close()
			hello := clientHello(t)
			c.Write(hello)
			c.Read(make([]byte, 1))
		}, Left},
		{"gone after a certificate with another name", a.issue(t, false, func(c *x509.Certificate) { c.IPAddresses = []net.IP{{192, 0, 2, 1}} }), func(t *testing.T, addr string) {
			c := dial(t, addr)
			defer c.Close()
			c.Write(clientHello(t))
			c.Read(make([]byte, 1))
		}, WrongName},
		{"gone before a word", rsaCert, func(t *testing.T, addr string) { dial(t, addr).Close() }, Silent},
		{"silence", rsaCert, func(t *testing.T, addr string) {
			c := dial(t, addr)
			c.Read(make([]byte, 1)) // until we close it
			c.Close()
		}, Silent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr, _, failures := secureServer(t, tt.certificate, Bounds{HandshakeTimeout: time.Second})
			tt.client(t, addr)
			select {
			case h := <-failures:
				if h.Failure != tt.want {
					t.Errorf("it is told as %s (%v), want %s", h.Failure, h.Err, tt.want)
				}
				if !h.Remote.Addr().IsLoopback() || h.Local.String() != addr {
					t.Errorf("from %s to %s", h.Remote, h.Local)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("no handshake failed")
			}
		})
	}
}

// clientHello is the first record of a client.
func clientHello(t testing.TB) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		defer theirs.Close()
		_ = tls.Client(theirs, &tls.Config{InsecureSkipVerify: true}).Handshake()
	}()
	hello := make([]byte, 16<<10)
	n, err := ours.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	return hello[:n]
}

// What is no TLS at all is malformed, and no failed handshake.
func TestGarbageOnTLS(t *testing.T) {
	malformed := make(chan struct{}, 10)
	a := newAuthority(t)
	addr := serve(t, &Server{
		Handler: http.NotFoundHandler(), TLS: secured(a.issue(t, false, nil)),
		Hooks: ServerHooks{
			Handshake: func(h Handshake) { t.Errorf("a handshake failed: %+v", h) },
			Malformed: func(netip.AddrPort) { malformed <- struct{}{} },
		},
	}, nil)
	c := dial(t, addr)
	defer c.Close()
	io.WriteString(c, "\x00\x01\x02 this is nothing at all")
	io.Copy(io.Discard, c)
	select {
	case <-malformed:
	case <-time.After(20 * time.Second):
		t.Error("garbage wasn't told")
	}
}

// Half-open handshakes of one address give way to each other and to nobody
// else's, and never keep another peer out.
func TestHalfOpenHandshakes(t *testing.T) {
	a := newAuthority(t)
	addr, data, _ := secureServer(t, a.issue(t, false, nil), Bounds{Conns: 8, PeerConns: 4, HandshakeTimeout: time.Minute})
	hello := clientHello(t)
	var open []net.Conn
	for range 40 {
		c := dialFrom(t, "127.0.0.2", addr)
		defer c.Close()
		c.Write(hello)
		open = append(open, c)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate)
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}, Timeout: time.Minute}
	defer c.CloseIdleConnections()
	r, err := c.Get("https://" + addr + "/disk.img")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if n, err := io.Copy(io.Discard, r.Body); err != nil || n != int64(len(data)) {
		t.Errorf("%d bytes, %v", n, err)
	}
	open[0].SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(io.Discard, open[0]); err != nil && os.IsTimeout(err) {
		t.Error("the oldest half-open handshake kept its place")
	}
}

// A stop doesn't wait for peers that don't read, however many.
func TestSecureStop(t *testing.T) {
	a := newAuthority(t)
	fsys, _, _ := folder(t, 64<<20)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	s := &Server{Handler: &Handler{Open: FS(fsys)}, TLS: secured(a.issue(t, false, nil)), Bounds: Bounds{Grace: time.Millisecond}}
	go func() { done <- s.Serve(ctx, ln) }()
	for range 10 {
		c, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.NetConn().Close()
		io.WriteString(c, "GET /disk.img HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it doesn't stop")
	}
}

// FuzzHandshake has anything at all come in place of a handshake.
func FuzzHandshake(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add(clientHello(f))
	f.Add([]byte{0x15, 3, 3, 0, 2, 2, 48})
	certificate := newAuthority(f).issue(f, false, nil)
	f.Fuzz(func(t *testing.T, sent []byte) {
		var failed Handshake
		server := &Server{TLS: secured(certificate), Hooks: ServerHooks{Handshake: func(h Handshake) { failed = h }}}
		l := server.newSecureListener(&listener{}, DefaultBounds())
		c := &conn{Conn: said{bytes.NewReader(sent)}, stall: time.Second, release: func() {}}
		s := &secureConn{Conn: tls.Server(c, l.config), below: c, l: l}
		defer s.Close()
		_, err := s.Read(make([]byte, 1))
		if err == nil {
			t.Fatal("a request came out of half a conversation")
		}
		if failed.Err != nil && failed.Failure == "" {
			t.Errorf("%v has no name", failed.Err)
		}
	})
}

// said is a connection whose peer has said all and reads nothing.
type said struct{ io.Reader }

func (said) Write(p []byte) (int, error)      { return len(p), nil }
func (said) Close() error                     { return nil }
func (said) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: 443} }
func (said) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IP{127, 0, 0, 1}, Port: 1} }
func (said) SetDeadline(time.Time) error      { return nil }
func (said) SetReadDeadline(time.Time) error  { return nil }
func (said) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkServe reads a file over plain HTTP, over TLS 1.3, and over what firmware
// has, on one connection.
func BenchmarkServe(b *testing.B) {
	const size = 64 << 20
	fsys, _, _ := folder(b, size)
	certificate := newAuthority(b).issue(b, false, nil)
	for _, bb := range []struct {
		name   string
		server *tls.Config
		client *tls.Config
	}{
		{"plain", nil, nil},
		{"TLS 1.3", secured(certificate), &tls.Config{InsecureSkipVerify: true}},
		{"firmware", secured(certificate), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			addr := serve(b, &Server{Handler: &Handler{Open: FS(fsys)}, TLS: bb.server}, nil)
			transport := &http.Transport{TLSClientConfig: bb.client, DisableCompression: true}
			defer transport.CloseIdleConnections()
			c := &http.Client{Transport: transport}
			scheme := "http://"
			if bb.client != nil {
				scheme = "https://"
			}
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				r, err := c.Get(scheme + addr + "/disk.img")
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, r.Body)
				r.Body.Close()
				if err != nil || n != size {
					b.Fatal(n, err)
				}
			}
		})
	}
}
