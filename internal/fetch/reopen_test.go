package fetch

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Who owns the cache's folder may put something else in a file's place: it isn't opened,
// whatever it is, and the file is fetched anew.
func TestAnotherInItsPlace(t *testing.T) {
	for name, put := range map[string]func(secret, path string) error{
		"link":      os.Symlink,
		"link back": func(_, path string) error { return os.Symlink(path+"-moved", path) },
		"hard link": os.Link,
		"file":      func(_, path string) error { return os.WriteFile(path, []byte("secret"), 0o600) },
		"FIFO":      func(_, path string) error { return unix.Mkfifo(path, 0o600) },
		"nothing":   func(_, _ string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, 100_000)
			c := newCache(t, Options{Fresh: time.Hour})
			secret := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
				t.Fatal(err)
			}
			reader := open(t, c, o.URL+"/f")
			io.CopyN(io.Discard, reader, 50_000)
			path := reader.disk.Name()
			if err := os.Rename(path, path+"-moved"); err != nil {
				t.Fatal(err)
			}
			if err := put(secret, path); err != nil {
				t.Fatal(err)
			}
			if f, err := c.Open(t.Context(), o.URL+"/f"); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("it is opened: %t, %v", f != nil, err)
			}
			if !bytes.Equal(whole(t, c, o.URL+"/f"), o.data) {
				t.Error("it isn't there again")
			}
			if rest, err := io.ReadAll(reader); err != nil || !bytes.Equal(rest, o.data[50_000:]) {
				t.Errorf("who had opened it before: %d bytes, %v", len(rest), err)
			}
			if data, err := os.ReadFile(secret); err != nil || string(data) != "secret" {
				t.Errorf("the other file: %q, %v", data, err)
			}
		})
	}
}
