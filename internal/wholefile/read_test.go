package wholefile_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/spurboot/spur/internal/wholefile"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{"empty": "", "full": "12345678", "more": "123456789"} {
		if err := os.WriteFile(in(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"unused", "silent"} {
		if err := syscall.Mkfifo(in(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	silent, err := os.OpenFile(in("silent"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, want := range map[string]string{
		in("empty"): "", in("full"): "", in("more"): "more has more than 8 bytes", in("none"): "no such file",
		in("unused"): "nobody writes into it", in("silent"): "nobody writes into it",
		dir: "is no regular file", "/dev/zero": "is no regular file", "/dev/tty": "/dev/tty",
	} {
		text, err := wholefile.Read(name, 8)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// A shell's <(command) is a pipe, whose writer may take its time.
func TestReadPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		_, _ = w.WriteString("secret")
		_ = w.Close()
	}()
	if text, err := wholefile.Read("/proc/self/fd/"+strconv.Itoa(int(r.Fd())), 8); err != nil || string(text) != "secret" {
		t.Errorf("%q, %v", text, err)
	}
}
