package signeddata_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"github.com/spurboot/spur/internal/efi/signeddata"
)

func Example() {
	key, certificate := newCertificate("Own key")
	signer, err := signeddata.NewSigner(key, certificate, time.Now())
	if err != nil {
		fmt.Println(err)
		return
	}
	der, err := signer.Detach([]byte("an update of db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	signed, err := signeddata.Parse(der)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("by:", signeddata.Name(signed.Signer))
	fmt.Println("this:", signed.Verify([]byte("an update of db")))
	fmt.Println("another:", signed.Verify([]byte("an update of KEK")))
	// Output:
	// by: Own key
	// this: <nil>
	// another: it wasn't made with the key of the certificate "Own key"
}

// newCertificate is a key with a certificate that it has signed itself.
func newCertificate(name string) (*rsa.PrivateKey, *x509.Certificate) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return key, certificate
}
