package vhdx

import (
	"errors"
	"testing"

	"github.com/spurboot/spur/block/imagemap"
)

// TestParentLinkage checks what a locator says of the parent's contents.
func TestParentLinkage(t *testing.T) {
	const id, other = "01234567-89ab-cdef-0123-456789abcdef", "11234567-89ab-cdef-0123-456789abcdef"
	parent := imagemap.New(imagemap.Config{ID: id})
	for _, c := range []struct {
		first, second string
		want          error
	}{
		{"{" + id + "}", "", nil},
		{"{01234567-89AB-CDEF-0123-456789ABCDEF}", "", nil},
		{"{" + other + "}", "", imagemap.ErrOtherParent},
		{"{" + other + "}", "{" + id + "}", nil},
		{"{" + other + "}", "{" + other + "}", imagemap.ErrOtherParent},
		{"", "", nil},
	} {
		err := checkParent(parent, map[string]string{"parent_linkage": c.first, "parent_linkage2": c.second})
		if !errors.Is(err, c.want) {
			t.Errorf("%s, %s: %v", c.first, c.second, err)
		}
	}
}
