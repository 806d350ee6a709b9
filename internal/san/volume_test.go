package san

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/spurboot/spur/block"
)

// TestExports: volumes come and go, and an only one is found without its name.
func TestExports(t *testing.T) {
	var e Exports
	names := func() (names string) {
		volumes, more := e.all(2)
		for _, v := range volumes {
			names += v.Name + " "
		}
		for range more {
			names += "…"
		}
		return names
	}
	for _, c := range []struct {
		add, remove, want string
		alone             bool
	}{
		{"c", "", "c ", true},
		{"a", "", "c a ", false},
		{"b", "", "c a …", false},
		{"", "c", "a b ", false},
		{"", "x", "a b ", false},
		{"", "b", "a ", true},
	} {
		if c.add != "" {
			if err := e.Add(opened(c.add, block.NewMemory(512))); err != nil {
				t.Fatal(err)
			}
			if e.Add(opened(c.add, block.NewMemory(512))) == nil {
				t.Errorf("there are two of the name %s", c.add)
			}
		}
		e.Remove(c.remove)
		if got := names(); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
		if _, found := e.find(""); found != c.alone {
			t.Errorf("of %q, found without a name: %v", c.want, found)
		}
	}
}

// opened is a volume that is open all the while.
func opened(name string, d block.Device) Volume {
	return Volume{Name: name, Open: func(context.Context) (Disk, error) { return Disk{Device: d, Release: func() {}}, nil }}
}

// listen runs a server until the test ends, and returns its address.
func listen(t *testing.T, serve func(context.Context, net.Listener, *Log) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, l, &Log{Out: io.Discard}) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}
