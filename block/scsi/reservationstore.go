package scsi

import "encoding/json"

// ReservationStore keeps the persistent reservations of one unit.
type ReservationStore interface {
	// Load returns what was saved last, nil for nothing.
	Load() ([]byte, error)
	// Save returns when the data is durable.
	Save(data []byte) error
}

// savedReservations is the form in a ReservationStore.
type savedReservations struct {
	Registered []registration  `json:"registered"`
	Kind       reservationType `json:"kind,omitempty"`
	Holder     portID          `json:"holder,omitzero"`
}

// saveReservations stores what must outlive a restart; the caller holds u.mu.
func (u *Unit) saveReservations() error {
	if u.Reservations == nil {
		return nil
	}
	var saved savedReservations
	if r := &u.reserves; r.persist {
		saved = savedReservations{r.registered, r.kind, r.holder}
	}
	data, err := json.Marshal(saved)
	if err != nil {
		return err
	}
	return u.Reservations.Save(data)
}

// loadReservations reads them back. What can't be read is no reservation: the
// hook of the store is the place to notice.
func (u *Unit) loadReservations() {
	if u.Reservations == nil {
		return
	}
	data, err := u.Reservations.Load()
	var saved savedReservations
	if err != nil || json.Unmarshal(data, &saved) != nil || len(saved.Registered) > maxRegistrations {
		return
	}
	u.reserves = reservations{registered: saved.Registered, kind: saved.Kind, holder: saved.Holder, persist: len(saved.Registered) > 0}
}
