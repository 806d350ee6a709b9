package siglist

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/spurboot/spur/internal/efi/signeddata"
)

// Update is what a variable is to hold.
type Update struct {
	Variable Variable
	Time     time.Time // in whole seconds; firmware takes an update only if it is later than the last
	Append   bool      // to what the variable has; otherwise in place of it
	Data     []byte    // signature lists
}

// Signed is an update as it was signed.
type Signed struct {
	Time      time.Time
	Signature *signeddata.SignedData
	Data      []byte

	stamp [timeSize]byte
}

// EFI_VARIABLE_AUTHENTICATION_2 is a time and a WIN_CERTIFICATE_UEFI_GUID: its size
// with this header, a revision, what it is, and the type of what follows (UEFI 2.10
// sections 8.2.2 and 32.2.4).
const (
	timeSize          = 16
	certificateHeader = 4 + 2 + 2 + 16
	revision2         = 0x0200
	typeGUID          = 0x0ef1
)

// Sign signs an update with the key that the variable's owner demands: that of PK for
// PK and KEK, one of KEK for db and dbx. It returns what SetVariable takes as data.
func (u Update) Sign(signer *signeddata.Signer) ([]byte, error) {
	stamp, err := efiTime(u.Time)
	if err != nil {
		return nil, err
	}
	signature, err := signer.Detach(u.Variable.message(Attributes(u.Append), stamp, u.Data))
	if err != nil {
		return nil, err
	}
	kind := pkcs7()
	out := binary.LittleEndian.AppendUint32(stamp[:], uint32(certificateHeader+len(signature)))
	out = binary.LittleEndian.AppendUint16(out, revision2)
	out = binary.LittleEndian.AppendUint16(out, typeGUID)
	out = append(out, kind[:]...)
	out = append(out, signature...)
	return append(out, u.Data...), nil
}

// efiTime is EFI_TIME, in UTC, of which an update uses the fields down to the second;
// the others must be zero (UEFI 2.10 sections 8.2.2 and 8.3).
func efiTime(t time.Time) (stamp [timeSize]byte, err error) {
	t = t.UTC()
	if t.Year() < 1900 || t.Year() > 9999 {
		return stamp, fmt.Errorf("the time of an update must be in the years 1900 to 9999, and not %d", t.Year())
	}
	binary.LittleEndian.PutUint16(stamp[:], uint16(t.Year()))
	for i, n := range []int{int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second()} {
		stamp[2+i] = byte(n)
	}
	return stamp, nil
}

// ParseUpdate reads a signed update. Whether it is right, and for which variable, is
// not looked at.
func ParseUpdate(b []byte) (*Signed, error) {
	if len(b) < timeSize+certificateHeader {
		return nil, fmt.Errorf("it is no signed update of a variable: it has %d bytes only", len(b))
	}
	s := &Signed{stamp: [timeSize]byte(b)}
	size := uint64(binary.LittleEndian.Uint32(b[16:]))
	switch kind := binary.LittleEndian.Uint16(b[22:]); {
	case kind != typeGUID || GUID(b[24:40]) != pkcs7():
		return nil, fmt.Errorf("it is no signed update of a variable: its signature is of kind %#x, %s", kind, GUID(b[24:40]))
	case size < certificateHeader || size > uint64(len(b)-timeSize):
		return nil, fmt.Errorf("it is cut off or damaged: its signature would have %d bytes, of %d", size, len(b)-timeSize)
	}
	end := timeSize + int(size)
	var err error
	if s.Signature, err = signeddata.Parse(b[timeSize+certificateHeader : end]); err != nil {
		return nil, fmt.Errorf("its signature can't be read: %w", err)
	}
	s.Data = b[end:]
	at := s.stamp
	s.Time = time.Date(int(binary.LittleEndian.Uint16(at[:])), time.Month(at[2]), int(at[3]), int(at[4]), int(at[5]), int(at[6]), 0, time.UTC)
	if again, err := efiTime(s.Time); err != nil || again != at {
		return nil, errors.New("it is damaged: its time isn't one, in UTC and whole seconds")
	}
	return s, nil
}

// Verify tells whether the update was signed for this variable, to be added to it or
// to replace it. Who vouches for the key, the signature's Anchor tells.
func (s *Signed) Verify(v Variable, add bool) error {
	return s.Signature.Verify(v.message(Attributes(add), s.stamp, s.Data))
}
