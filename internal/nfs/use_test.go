package nfs

import (
	"net/netip"
	"testing"
	"testing/fstest"
	"time"
)

// What was read over a connection is told when that ends, and why it did.
func TestLeft(t *testing.T) {
	s := serverOf(t, fstest.MapFS{"file": {Data: make([]byte, 3000)}})
	s.Bounds.IdleTimeout, s.Bounds.StrangerTimeout = 200*time.Millisecond, 200*time.Millisecond
	told := make(chan Use, 4)
	s.Hooks.Left = func(_ netip.AddrPort, u Use) { told <- u }
	addr, _ := start(t, s)
	file := newCaller(t, serverOf(t, fstest.MapFS{"file": {Data: make([]byte, 3000)}}))
	handle := file.file(file.root(), "file")
	for _, tt := range []struct {
		ends func(close func())
		want string
	}{
		{func(close func()) { close() }, ""},
		{func(func()) {}, "it took or asked for nothing for 0s"},
	} {
		nc := dial(t, addr)
		for range 2 {
			send(t, nc, record(programNFS, versionNFS, 6, handle, uint64(1000), 9000), 1000)
			if _, err := receive(nc); err != nil {
				t.Fatal(err)
			}
		}
		tt.ends(func() { nc.Close() })
		why := ""
		u := <-told
		if u.Err != nil {
			why = u.Err.Error()
		}
		if u.Export != (ExportID{1, 2, 3}) || u.Bytes != 4000 || u.Idle <= 0 || why != tt.want {
			t.Errorf("%+v, wanted %q", u, tt.want)
		}
	}
	closed(t, dial(t, addr)) // one that read nothing
	if len(told) > 0 {
		t.Errorf("told %+v", <-told)
	}
}
