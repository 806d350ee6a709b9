package nbd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority makes certificates as files, named as QEMU and nbdkit want them.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	a := &authority{dir: t.TempDir(), pool: x509.NewCertPool()}
	a.cert, a.key = a.issue(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.pool.AddCert(a.cert)
	a.issue(t, "server", &x509.Certificate{DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	a.issue(t, "client", &x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return a
}

func (a *authority) issue(t *testing.T, name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, name+"-cert.pem", "CERTIFICATE", der)
	a.write(t, name+"-key.pem", "PRIVATE KEY", pkcs8)
	issued, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issued, key
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *authority) pair(t *testing.T, name string) tls.Certificate {
	t.Helper()
	c, err := tls.LoadX509KeyPair(filepath.Join(a.dir, name+"-cert.pem"), filepath.Join(a.dir, name+"-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (a *authority) server(t *testing.T) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.pair(t, "server")}, ClientCAs: a.pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

func (a *authority) client(t *testing.T) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.pair(t, "client")}, RootCAs: a.pool}
}

func TestTLS(t *testing.T) {
	a := newAuthority(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m, _ := speckled(t, 4<<20)
	serveOn(t, &Server{Exports: Fixed{{Name: "disk", Device: m}}, TLS: a.server(t), RequireTLS: true}, l)
	addr := l.Addr().String()

	// Foreign clients, with a certificate and without.
	files := "?tls-certificates=" + a.dir + "&tls-verify-peer=true"
	contains(t, tool(t, "libnbd-bin", "nbdinfo", "nbds://"+addr+"/disk"+files), "with TLS", "export-size: 4194304")
	_, port, _ := net.SplitHostPort(addr)
	raw := filepath.Join(t.TempDir(), "raw")
	tool(t, "qemu-utils", "qemu-img", "convert", "--object", "tls-creds-x509,id=t,endpoint=client,dir="+a.dir, "--image-opts",
		"driver=nbd,host=127.0.0.1,port="+port+",export=disk,tls-creds=t", "-O", "raw", raw)
	tool(t, "libnbd-bin", "nbdcopy", "nbds://"+addr+"/disk"+files, raw)

	// Ours.
	c, err := Dial(t.Context(), "tcp", addr, Options{Export: "disk", TLS: a.client(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	exercise(t, c)
	if _, err := Dial(t.Context(), "tcp", addr, Options{Export: "disk"}); !errors.Is(err, ErrRefused) {
		t.Errorf("in the clear: %v", err)
	}
	stranger := a.client(t)
	stranger.Certificates = nil
	if c, err := Dial(t.Context(), "tcp", addr, Options{Export: "disk", TLS: stranger}); err == nil {
		c.Close()
		t.Error("a client without a certificate got the export")
	}
}

func TestNbdkitTLS(t *testing.T) {
	a := newAuthority(t)
	sock := filepath.Join(t.TempDir(), "nbd")
	peer(t, "nbdkit", "nbdkit", "-f", "-U", sock, "--tls=require", "--tls-verify-peer", "--tls-certificates="+a.dir, "memory", "4M")
	conf := a.client(t)
	conf.ServerName = "localhost"
	exercise(t, dialSoon(t, sock, Options{TLS: conf}))
}
