package machines

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/timeline"
)

// Machine is what Spur has kept of one.
type Machine struct {
	MAC boot.MAC `json:"mac"`
	timeline.Learned
	// Once is when it booted with --once, which leaves it to its disk.
	Once time.Time `json:"once,omitzero"`
	// Failure is its last boot, where that failed.
	Failure *Failure `json:"failure,omitempty"`
}

// List lists the machines of which something is kept, whether or not a
// Spur runs over the folder data. It lists those whose file is damaged too, with
// an error about them.
func List(data string) ([]Machine, error) {
	booted, err := BootedOnce(data)
	if err != nil {
		return nil, err
	}
	byMAC := map[boot.MAC]Machine{}
	for _, b := range booted {
		byMAC[b.MAC] = Machine{MAC: b.MAC, Once: b.Time.Truncate(time.Second)}
	}
	kept, err := keptOf(data)
	if err != nil {
		return nil, err
	}
	damaged := kept.addTo(byMAC)
	failures, err := lastFailures(data)
	damaged = errors.Join(damaged, err)
	for mac, f := range failures {
		if m := byMAC[mac]; f.Began.After(m.Booted) && f.Began.After(m.Once) {
			m.MAC, m.Failure = mac, &f
			byMAC[mac] = m
		}
	}
	var all []Machine
	for _, m := range byMAC {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Machine) int { return slices.Compare(a.MAC[:], b.MAC[:]) })
	return all, damaged
}

// addTo adds what is kept of each machine to what is known of it.
func (k *Kept) addTo(known map[boot.MAC]Machine) error {
	if k == nil {
		return nil
	}
	macs, err := k.All()
	if err != nil {
		return unreadable(err)
	}
	var damaged []error
	for _, mac := range macs {
		learned, err := k.Read(mac)
		if err != nil {
			damaged = append(damaged, Advise(mac, err))
		}
		m := known[mac]
		m.MAC, m.Learned = mac, learned
		known[mac] = m
	}
	return errors.Join(damaged...)
}

// Advise says what to do about a machine's file that can't be read.
func Advise(mac boot.MAC, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return unreadable(err)
	}
	return advice.Wrap(err, "spur machine forget "+mac.String()+" takes it away, and the machine begins anew")
}

// keptOf opens the machines of a folder that is there; nil where none is kept.
func keptOf(data string) (*Kept, error) {
	data, err := datafolder.Own(data)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(Dir(data)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	k, err := Open(Dir(data))
	return k, unreadable(err)
}

// Forget has Spur treat machines as if they had never booted, and removes the records of
// boots of theirs that failed; without machines, of all. A Spur that runs over the folder
// data does so the next time that they ask. It tells of which something was kept.
func Forget(data string, macs []boot.MAC) (done []boot.MAC, err error) {
	kept, err := keptOf(data)
	if err != nil {
		return nil, err
	}
	failed, err := records(data)
	if err != nil {
		return nil, err
	}
	if len(macs) == 0 {
		if macs, err = known(kept, failed); err != nil {
			return nil, err
		}
	}
	var errs []error
	for _, mac := range macs {
		was, err := kept.Remove(mac)
		for _, name := range failed[mac] {
			was = true
			err = errors.Join(err, os.Remove(filepath.Join(FailedDir(data), name)))
		}
		switch {
		case err != nil:
			errs = append(errs, unreadable(err))
		case !was:
			errs = append(errs, nothingKept(mac, data))
		default:
			done = append(done, mac)
		}
	}
	return done, errors.Join(errs...)
}

// known are the machines that are kept, or that have records.
func known(kept *Kept, failed map[boot.MAC][]string) ([]boot.MAC, error) {
	all, err := kept.All()
	if err != nil {
		return nil, unreadable(err)
	}
	all = slices.AppendSeq(all, maps.Keys(failed))
	slices.SortFunc(all, func(a, b boot.MAC) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(all), nil
}

// TakeAnother has machines given another way the next time that they ask, since
// the last one did no good. It tells which will be.
func TakeAnother(data string, macs []boot.MAC) (done []boot.MAC, err error) {
	kept, err := keptOf(data)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		return nil, advice.New("no Spur has kept machines in the folder "+data, "name the folder that spur boot or spur api was given with --data")
	}
	var errs []error
	for _, mac := range macs {
		l, err := kept.Read(mac)
		if err != nil {
			errs = append(errs, Advise(mac, err))
			continue
		}
		if l.Booted.IsZero() && len(l.Routes) == 0 && len(l.Failed) == 0 {
			errs = append(errs, advice.New(fmt.Sprintf("no way has worked or failed on %s yet, as far as %s tells", mac, data), "boot it first: only then is there another way to take"))
			continue
		}
		l.Another = true
		if err := kept.Write(mac, l); err != nil {
			errs = append(errs, unreadable(err))
			continue
		}
		done = append(done, mac)
	}
	return done, errors.Join(errs...)
}

// nothingKept is the error about a machine of which nothing is kept in a folder.
func nothingKept(mac boot.MAC, data string) error {
	return advice.New(fmt.Sprintf("nothing is kept of %s in %s", mac, data), "spur machine list shows of which machines something is")
}
