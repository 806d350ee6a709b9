package daemon

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/store"
)

// leaseBucket is where leases are kept in the store, keyed by address.
const leaseBucket = "leases"

// leaseStore keeps the DHCP server's leases in Spur's store, as JSON.
type leaseStore struct{ store store.Store }

func (s leaseStore) Put(l dhcp.Lease, left netip.Addr) error {
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode the lease of %s: %w", l.Addr, err)
	}
	changes := []store.Change{{Bucket: leaseBucket, Key: l.Addr.String(), Value: b}}
	if left.IsValid() {
		changes = append(changes, store.Change{Bucket: leaseBucket, Key: left.String(), Delete: true})
	}
	return s.store.Apply(changes...)
}

func (s leaseStore) All() ([]dhcp.Lease, error) {
	entries, err := s.store.All(leaseBucket)
	if err != nil {
		return nil, err
	}
	leases := make([]dhcp.Lease, 0, len(entries))
	for _, e := range entries {
		var l dhcp.Lease
		if err := json.Unmarshal(e.Value, &l); err != nil {
			return nil, advice.Wrap(fmt.Errorf("the lease of %s in the store is damaged: %w", e.Key, err),
				"move spur.db out of the folder of --data: Spur starts without the leases in it")
		}
		leases = append(leases, l)
	}
	return leases, nil
}
