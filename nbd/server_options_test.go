package nbd

import (
	"encoding/binary"
	"strings"
	"testing"
)

// agree sends options to an optionPhase, and returns what kind the last reply to each
// is, and the last reply's data.
func agree(t *testing.T, h *optionPhase, options ...[]byte) (kinds []uint32, data []byte) {
	t.Helper()
	for _, o := range options {
		out, _, err := h.option(t.Context(), nil, binary.BigEndian.Uint32(o[8:]), o[16:])
		if err != nil {
			t.Fatal(err)
		}
		var kind uint32
		for len(out) > 0 {
			kind = binary.BigEndian.Uint32(out[12:])
			n := binary.BigEndian.Uint32(out[16:])
			data, out = out[20:][:n], out[20+n:]
		}
		kinds = append(kinds, kind)
	}
	return kinds, data
}

// TestMetaContextsAreReplaced: NBD_OPT_SET_META_CONTEXT takes the place of the
// one before, also where it is refused.
func TestMetaContextsAreReplaced(t *testing.T) {
	set := func(name string, queries ...string) []byte {
		return appendOption(nil, optSetMeta, metaRequest{name, queries}.bytes())
	}
	first, last := set("", baseAllocation), appendOption(nil, optGo, infoRequest{}.bytes())
	for name, c := range map[string]struct {
		second []byte
		meta   bool
	}{
		"the same":       {first, true},
		"nothing":        {set(""), false},
		"another export": {set("x", baseAllocation), false},
		"malformed":      {appendOption(nil, optSetMeta, []byte{1}), false},
	} {
		h := &optionPhase{exports: Fixed{{Device: newMemory(1 << 20)}}, peer: &Peer{}, maxPayload: 1 << 20, place: anyPlace, mode: structured}
		kinds, _ := agree(t, h, first, c.second, last)
		if kinds[0] != repAck || kinds[2] != repAck || h.meta != c.meta {
			t.Errorf("%s: replies %#x, contexts %v", name, kinds, h.meta)
		}
	}
}

// TestLongRefusal: an error is told in no more than a string may have.
func TestLongRefusal(t *testing.T) {
	h := &optionPhase{exports: Fixed{}, peer: &Peer{}, maxPayload: 1 << 20, place: anyPlace}
	name := strings.Repeat("\"", maxString)
	kinds, words := agree(t, h, appendOption(nil, optGo, infoRequest{name: name}.bytes()))
	if kinds[0] != repUnknown || len(words) == 0 || len(words) > maxString {
		t.Errorf("reply %#x with %d bytes", kinds[0], len(words))
	}
}

// TestMemoryHoldsAReply: the longest reply has room, whatever the bounds.
func TestMemoryHoldsAReply(t *testing.T) {
	for _, most := range []int{1, 1 << 20, 32<<20 - 100, 32 << 20, 1 << 30} {
		b := Bounds{MaxPayload: most, Memory: 1}.withDefaults()
		if need := chargeFor(b.MaxPayload + sparseHeaders); need > b.Memory {
			t.Errorf("%d bytes at most: %d of %d bytes", b.MaxPayload, need, b.Memory)
		}
	}
}
