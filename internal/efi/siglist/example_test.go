package siglist_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"github.com/spurboot/spur/internal/efi/siglist"
	"github.com/spurboot/spur/internal/efi/signeddata"
)

func Example() {
	key, certificate := newCertificate("Owner of this machine")
	signer, err := signeddata.NewSigner(key, certificate, time.Now())
	if err != nil {
		fmt.Println(err)
		return
	}
	owner, err := siglist.ParseGUID("11223344-5566-7788-99aa-bbccddeeff00")
	if err != nil {
		fmt.Println(err)
		return
	}
	update := siglist.Update{Variable: siglist.DB(), Time: time.Now(), Append: true, Data: siglist.Certificates(owner, certificate)}
	auth, err := update.Sign(signer)
	if err != nil {
		fmt.Println(err)
		return
	}
	signed, err := siglist.ParseUpdate(auth)
	if err != nil {
		fmt.Println(err)
		return
	}
	lists, err := siglist.Parse(signed.Data)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("for db:", signed.Verify(siglist.DB(), true))
	fmt.Println("adds:", siglist.X509Certificates(lists)[0].Subject)
	// Output:
	// for db: <nil>
	// adds: CN=Owner of this machine
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
