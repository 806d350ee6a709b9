package boot

import (
	"errors"
	"fmt"
	"strings"
)

// UBootSays tells what of a kernel's command line U-Boot can't be told as it is: its
// shell ends a quoted text at an apostrophe (common/cli_hush.c), its reader of
// configurations takes one backslash of two away, sometimes (process_macros in
// common/cli_simple.c), and both end a text at a line break.
func UBootSays(cmdline string) error {
	switch i := strings.IndexAny(cmdline, "\\'\n\r"); {
	case i < 0:
		return nil
	case cmdline[i] < ' ':
		return errors.New("its command line has a line break, which U-Boot changes")
	default:
		return fmt.Errorf("its command line has %c, which U-Boot changes", cmdline[i])
	}
}
