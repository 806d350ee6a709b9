package target

import (
	"slices"
	"testing"
)

// What holds of several items of a menu is said once.
func TestWarningsOf(t *testing.T) {
	named := func(title string, warnings ...string) entry {
		return entry{title: title, Inspected: Inspected{Warnings: warnings}}
	}
	got := warningsOf([]entry{named("a", "x", "y"), named("b"), named("c", "x"), named("d", "x")})
	if want := []string{"a and 2 more: x", "a: y"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
