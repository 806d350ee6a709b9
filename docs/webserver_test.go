package docs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// serveWeb is the web server of boot.example and images.example: it has the
// files of a folder, with HTTPS by a certificate that it writes there, and a
// boot API.
func serveWeb(dir string) error {
	certificate, text, err := certify("boot.example", "images.example")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	mux.HandleFunc("/v1/boot/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, `{"kernel":"/vmlinuz"}`) })
	failed := make(chan error, 3)
	for _, addr := range []string{":80", ":8080"} {
		go func() { failed <- http.ListenAndServe(addr, mux) }()
	}
	secure, err := tls.Listen("tcp", ":443", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		return err
	}
	go func() { failed <- http.Serve(secure, mux) }()
	part := filepath.Join(dir, "certificate.part")
	if err := os.WriteFile(part, text, 0o644); err != nil {
		return err
	}
	if err := os.Rename(part, filepath.Join(dir, "certificate.pem")); err != nil {
		return err
	}
	return <-failed
}

// certify makes a certificate that signs itself.
func certify(names ...string) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}
