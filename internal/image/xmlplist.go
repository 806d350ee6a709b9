package image

import (
	"bytes"
	"encoding/xml"
	"errors"
)

// Bounds of a property list. Apple's NBImageInfo.plist has two levels, and an element for
// each machine that it names.
const (
	plistDeepest  = 64
	plistElements = 16 << 10
)

var (
	errNestedPlist = errors.New("it is nested too deeply")
	errLargePlist  = errors.New("it has too many elements")
)

// isXMLPlist tells whether text is a property list in XML, by its first element. What
// else may be wrong with it its reader says.
func isXMLPlist(text []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if first, ok := token.(xml.StartElement); ok {
			return first.Name.Local == "plist"
		}
	}
}

// overgrown tells whether one in XML is larger than a description of an image ever is.
func overgrown(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	for depth, elements := 0, 0; ; {
		token, err := d.Token()
		if err != nil {
			return nil //nolint:nilerr // its reader says so
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
			elements++
		case xml.EndElement:
			depth--
		}
		switch {
		case depth > plistDeepest:
			return errNestedPlist
		case elements > plistElements:
			return errLargePlist
		}
	}
}
