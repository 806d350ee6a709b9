package image

import (
	"bytes"
	"math"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/nbi"
)

// Tagged is the format of images that Etherboot starts.
const Tagged = "tagged image (NBI)"

// tagged recognises a tagged image.
func tagged(h head) (Found, bool) {
	return Found{Kind: boot.KindTagged, Arch: boot.X86, Format: Tagged}, h.has(0, nbi.Magic)
}

// readTagged tells whether a tagged image of that size can be started, and how much memory
// it needs.
func (h head) readTagged(found Found, size int64) (Found, error) {
	if size < 0 {
		size = math.MaxUint32
	}
	image, err := nbi.Read(bytes.NewReader(h), size)
	if err == nil {
		found.Extent.Fetched, err = image.Bytes()
	}
	if err != nil {
		return Found{}, &Mismatch{Looks: "a tagged image (NBI) that can't be started: " + err.Error(), Hint: "download or copy it again, or make it anew"}
	}
	return found, nil
}
