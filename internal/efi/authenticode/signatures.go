package authenticode

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/spurboot/spur/internal/efi/pefile"
	"github.com/spurboot/spur/internal/efi/signeddata"
)

// Signature is one that a file has.
type Signature struct {
	signed *signeddata.SignedData
}

// Signatures are those of a file of that size, in their order; none where it isn't
// signed. Whether they are right is not looked at.
func Signatures(r io.ReaderAt, size int64) ([]Signature, error) {
	f, err := pefile.Read(r, size)
	if err != nil {
		return nil, err
	}
	return signatures(r, f)
}

func signatures(r io.ReaderAt, f *pefile.File) ([]Signature, error) {
	table, err := readTable(r, f)
	if err != nil {
		return nil, err
	}
	found, err := entries(table)
	if err != nil {
		return nil, err
	}
	var list []Signature
	for i, der := range found {
		s, err := signeddata.Parse(der)
		if err != nil {
			return nil, fmt.Errorf("its signature %d can't be read: %w", i+1, err)
		}
		list = append(list, Signature{s})
	}
	return list, nil
}

// Signers are the names of who signed a file: the common names of their
// certificates, in the order of the signatures.
func Signers(r io.ReaderAt, size int64) ([]string, error) {
	list, err := Signatures(r, size)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range list {
		names = append(names, s.Name())
	}
	return names, nil
}

// Verify reads the signatures of a file and checks that each is right: made with the
// key of its certificate, for this file. A file without any is an error. All of it
// is read once. Who vouches for the certificates, [Signature.Anchor] tells.
func Verify(r io.ReaderAt, size int64) ([]Signature, error) {
	f, err := pefile.Read(r, size)
	if err != nil {
		return nil, err
	}
	list, err := signatures(r, f)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("it has no signature")
	}
	sum, err := digest(r, f)
	if err != nil {
		return nil, err
	}
	for i, s := range list {
		if err := s.Check(sum); err != nil {
			return nil, fmt.Errorf("its signature %d, by %q, is wrong: %w", i+1, s.Name(), err)
		}
	}
	return list, nil
}

// Certificate is the signer's.
func (s Signature) Certificate() *x509.Certificate { return s.signed.Signer }

// Name is the common name of the signer's certificate.
func (s Signature) Name() string { return signeddata.Name(s.signed.Signer) }

// Issuer is the common name of who issued the signer's certificate.
func (s Signature) Issuer() string { return signeddata.IssuerName(s.signed.Signer) }

// Anchor is the first of these certificates, such as firmware has in its db, that
// vouches for the signature: the signer's or one that issued it; nil if none does.
func (s Signature) Anchor(anchors []*x509.Certificate) *x509.Certificate {
	return s.signed.Anchor(anchors)
}

// Check tells whether the signature is right for a file with this [Digest].
func (s Signature) Check(digest []byte) error {
	about, err := digestIn(s.signed)
	if err != nil {
		return err
	}
	if err := s.signed.Verify(nil); err != nil {
		return err
	}
	if !bytes.Equal(about, digest) {
		return errors.New("it is for another file, or this one was changed since")
	}
	return nil
}
