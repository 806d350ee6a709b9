package disk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Validators tell whether files are as they were (RFC 9110 section 8.8), where
// nobody writes to them by a mapping: an entity tag, and when one was changed last.
func Validators(files []string) (etag string, modified time.Time) {
	hash := sha256.New()
	for _, name := range files {
		st, err := os.Stat(name)
		if err != nil {
			return "", time.Time{}
		}
		var inode uint64
		if sys, ok := st.Sys().(*syscall.Stat_t); ok {
			inode = sys.Ino
		}
		fmt.Fprintf(hash, "%d %d %d\n", inode, st.Size(), st.ModTime().UnixNano())
		if st.ModTime().After(modified) {
			modified = st.ModTime()
		}
	}
	return `"` + hex.EncodeToString(hash.Sum(nil)[:12]) + `"`, modified
}
