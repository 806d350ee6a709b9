package boot

import "errors"

// KindInquiry is the kind of Inquiry.
const KindInquiry Kind = "inquiry"

// Inquiry stands where what a machine boots depends on its serial number, which it hasn't
// told: a loader that knows it is to tell it. A resolver gives it to clients without a
// Serial and an Item.
type Inquiry struct {
	// Else is what a machine boots that has none to tell, or no loader that could, by its
	// Item; 0: it is left alone.
	Else uint16
}

// ErrNoSerial is why a machine boots nothing that hasn't told its serial number.
var ErrNoSerial = errors.New("it hasn't told its serial number, by which alone it may be known")

// Kind implements Content.
func (Inquiry) Kind() Kind { return KindInquiry }

// Title implements Content.
func (Inquiry) Title() string { return "what its serial number says" }

// Files implements Content: those of what it boots then are that's.
func (Inquiry) Files() []File { return nil }

// Size implements Content.
func (Inquiry) Size() int { return 0 }
