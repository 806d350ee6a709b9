package scsi

import (
	"errors"
	"testing"

	"github.com/spurboot/spur/block"
)

// keptReservations is a store in memory.
type keptReservations struct {
	data  []byte
	fails error
}

func (k *keptReservations) Load() ([]byte, error) { return k.data, nil }

func (k *keptReservations) Save(data []byte) error {
	if k.fails == nil {
		k.data = data
	}
	return k.fails
}

// TestReservationsPersist: with a store, APTPL is taken and a reservation
// outlives the server; without one it is refused.
func TestReservationsPersist(t *testing.T) {
	store := &keptReservations{}
	start := func(kept ReservationStore) *initiator {
		return newInitiator(&Unit{Device: block.NewMemory(1 << 20), Reservations: kept}, "iqn.host,i,0x00")
	}
	register := make([]byte, 24)
	register[15], register[20] = 7, 1
	out := func(i *initiator, action, kind byte, list []byte) Status {
		return i.do([]byte{0x5f, action, kind, 0, 0, 0, 0, 0, 24, 0}, 0, list).Status
	}
	readReservation := []byte{0x5e, 1, 0, 0, 0, 0, 0, 0, 24, 0}
	if status := out(start(nil), persistRegister, 0, register); status != CheckCondition {
		t.Errorf("APTPL without a store: status %d", status)
	}
	i := start(store)
	reserve := make([]byte, 24)
	reserve[7] = 7
	if a, b := out(i, persistRegister, 0, register), out(i, 1, byte(exclusiveAccess), reserve); a != Good || b != Good {
		t.Fatalf("status %d, %d", a, b)
	}
	store.fails = errors.New("the store is gone")
	if status := out(i, 2, byte(exclusiveAccess), reserve); status != CheckCondition {
		t.Errorf("a release that isn't kept: status %d", status)
	}
	store.fails = nil
	if i.do(readReservation, 24, nil); len(i.in) != 24 {
		t.Errorf("what could not be kept was done: %x", i.in)
	}
	reserve[20] = 1 // APTPL means nothing here
	if status := out(i, 1, byte(exclusiveAccess), reserve); status != Good {
		t.Errorf("RESERVE with APTPL: status %d", status)
	}
	again := start(store)
	if again.do(readReservation, 24, nil); len(again.in) != 24 || again.in[15] != 7 || again.in[21] != byte(exclusiveAccess) {
		t.Errorf("%x", again.in)
	}
	other := newInitiator(again.nexus.unit, "iqn.host,i,0x05")
	if c := other.do(rw10(0x28, 0, 1), 512, nil); c.Status != ReservationConflict {
		t.Errorf("another port may read: status %d", c.Status)
	}
}
