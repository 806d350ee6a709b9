package daemon

import (
	"net/netip"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/leases"
	"github.com/spurboot/spur/internal/store"
)

// A client that moves to another address is in the store under one of them,
// whatever moment a restart falls into.
func TestLeaseMovesInOneTransaction(t *testing.T) {
	dir := t.TempDir()
	kept, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	into := leaseStore{kept}
	old, fresh := netip.MustParseAddr("10.0.0.10"), netip.MustParseAddr("10.0.0.11")
	lease := leases.Lease{Addr: old, Holder: leases.Holder{Client: "01"}, State: leases.Bound, Expires: time.Unix(1_000_000_000, 0).UTC()}
	if err := into.Put(lease, netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	lease.Addr = fresh
	if err := into.Put(lease, old); err != nil {
		t.Fatal(err)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	if kept, err = store.Open(dir); err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if all, err := (leaseStore{kept}).All(); err != nil || len(all) != 1 || all[0] != lease {
		t.Errorf("the store has %+v, %v", all, err)
	}
}
