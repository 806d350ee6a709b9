package target

import (
	"fmt"
	"strings"
	"testing"
)

// Of a menu with many items the first are named, and the rest is counted.
func TestTitleOfAMenu(t *testing.T) {
	for n, end := range map[int]string{6: ", 5 (x)", 7: ", 1 other", 8: ", 2 others"} {
		var c catalogue
		for i := range n {
			c.entries = append(c.entries, entry{title: fmt.Sprint(i), Inspected: Inspected{about: "x"}})
		}
		if got := c.title(); !strings.HasSuffix(got, end) {
			t.Errorf("of %d items: %s", n, got)
		}
	}
}
