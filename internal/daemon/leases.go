package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/leases"
	"github.com/spurboot/spur/internal/store"
)

const (
	// leasePrefix is in front of the addresses of leases, which are their keys
	// in the store.
	leasePrefix = "leases/"
	// storeWait bounds how long the store is waited for.
	storeWait = 10 * time.Second
)

// leaseStore keeps the DHCP server's leases in Spur's store, as JSON.
type leaseStore struct{ store store.Store }

func (s leaseStore) Put(l leases.Lease, left netip.Addr) error {
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode the lease of %s: %w", l.Addr, err)
	}
	changes := []store.Change{{Key: leasePrefix + l.Addr.String(), Value: b}}
	if left.IsValid() && left != l.Addr {
		changes = append(changes, store.Change{Key: leasePrefix + left.String(), Delete: true})
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeWait)
	defer cancel()
	_, err = s.store.Apply(ctx, nil, changes...)
	return err
}

func (s leaseStore) All() ([]leases.Lease, error) {
	ctx, cancel := context.WithTimeout(context.Background(), storeWait)
	defer cancel()
	records, err := s.store.List(ctx, leasePrefix)
	if err != nil {
		return nil, err
	}
	all := make([]leases.Lease, 0, len(records))
	for _, r := range records {
		var l leases.Lease
		if err := json.Unmarshal(r.Value, &l); err != nil {
			return nil, advice.Wrap(fmt.Errorf("the lease of %s in the store is damaged: %w", strings.TrimPrefix(r.Key, leasePrefix), err),
				"move spur.store.0 and spur.store.1 out of the folder of --data: Spur starts without the leases in them")
		}
		all = append(all, l)
	}
	return all, nil
}
