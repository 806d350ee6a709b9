package daemon

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/nfs"
	"github.com/spurboot/spur/internal/timeline"
)

// How much a system has read of what it mounted by NFS is told when it is gone, and not when its
// kernel ends an idle connection; what it read over that counts.
func TestNFSMounts(t *testing.T) {
	var n nfsMounts
	peer, image := netip.MustParseAddr("10.0.0.5"), nfs.ExportID{1}
	n.mounted(&nfsMount{peer: peer, id: image, mac: boot.MAC{5: 1}, image: "old.iso", read: 7})
	if e := n.mounted(&nfsMount{peer: peer, id: image, mac: boot.MAC{5: 2}, image: "live.iso"}); e.Kind != timeline.Mounted || e.Name != "live.iso" || e.Proto != "nfs" || e.Peer != peer {
		t.Errorf("%+v", e)
	}
	for _, tt := range []struct {
		use   nfs.Use
		told  bool
		bytes int64
		err   string
	}{
		{nfs.Use{Export: nfs.ExportID{2}, Bytes: 1}, false, 0, ""},
		{nfs.Use{Export: image, Bytes: 100, Idle: 5 * time.Minute}, false, 0, ""},
		{nfs.Use{Export: image, Idle: 10 * time.Minute, Err: errors.New("it took or asked for nothing for 10m0s")}, false, 0, ""},
		{nfs.Use{Export: image, Bytes: 20, Idle: time.Second, Err: errors.New("gone")}, true, 120, "gone"},
		{nfs.Use{Export: image, Bytes: 3}, true, 123, ""},
		{nfs.Use{Export: image, Bytes: 3, Err: net.ErrClosed}, false, 0, ""},
	} {
		e, ok := n.left(peer, tt.use)
		if ok != tt.told || e.Bytes != tt.bytes || e.Err != tt.err || ok && (e.Kind != timeline.Unmounted || e.MAC != boot.MAC{5: 2}) {
			t.Errorf("%+v: %v, %+v", tt.use, ok, e)
		}
	}
	for i := range nfsMountsMost + 9 {
		n.mounted(&nfsMount{peer: netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), id: image})
	}
	if _, ok := n.left(peer, nfs.Use{Export: image}); ok || len(n.all) != nfsMountsMost {
		t.Errorf("%d are remembered", len(n.all))
	}
}
