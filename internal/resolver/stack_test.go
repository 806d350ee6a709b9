package resolver

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

func TestAllowList(t *testing.T) {
	o := NewAllowList(Static{linux("/kernel")}, []boot.MAC{machine(1).MAC})
	if p, err := o.Resolve(t.Context(), machine(1)); err != nil || kernelOf(p) != "/kernel" {
		t.Errorf("%+v, %v", p, err)
	}
	_, err := o.Resolve(t.Context(), machine(2))
	if want := "not for us: 52:54:00:12:34:02 is not among the machines named by --only"; !errors.Is(err, boot.ErrIgnore) || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestOnce(t *testing.T) {
	refused := errors.New("refused")
	next := answers(func(_ context.Context, c boot.Client) (boot.Payload, error) {
		if c.Loader == boot.IPXE {
			return boot.Payload{}, refused
		}
		return linux("/kernel"), nil
	})
	o := NewOnce(next, nil)
	for range 3 {
		if _, err := o.Resolve(t.Context(), machine(1)); err != nil {
			t.Fatal(err)
		}
	}
	ipxe := machine(1)
	ipxe.Loader = boot.IPXE
	if _, err := o.Resolve(t.Context(), ipxe); err != refused { //nolint:errorlint // this very error, not one around it
		t.Errorf("the next resolver's error: %v", err)
	}
	for range 2 {
		if err := o.Done(machine(1).MAC); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []boot.Client{machine(1), ipxe} {
		_, err := o.Resolve(t.Context(), c)
		want := "not for us: booted once already; --once keeps Spur silent so that it starts from its disk"
		if !errors.Is(err, boot.ErrIgnore) || err.Error() != want {
			t.Errorf("%v", err)
		}
	}
	if _, err := o.Resolve(t.Context(), machine(2)); err != nil {
		t.Errorf("another machine: %v", err)
	}
}

// A full memory installs nothing twice.
func TestOnceIsBounded(t *testing.T) {
	o := NewOnce(Static{linux("/kernel")}, nil)
	o.most = 2
	for n := range byte(3) {
		if err := o.Done(machine(n).MAC); err != nil {
			t.Error(err)
		}
	}
	if n, err := o.kept.Count(); n != 2 || err != nil {
		t.Errorf("%d machines are remembered, %v", n, err)
	}
	for n := range byte(4) {
		_, err := o.Resolve(t.Context(), machine(n))
		want := "booted once"
		if n >= 2 {
			want = "--once remembers 2 booted machines and no more"
		}
		if !errors.Is(err, boot.ErrIgnore) || !strings.Contains(err.Error(), want) {
			t.Errorf("machine %d: %v", n, err)
		}
	}
}

// broken is a memory that can't be written, or not even read.
type broken struct {
	memory
	unreadable error
}

func (b *broken) Add(boot.MAC) error             { return errors.New("disk full") }
func (b *broken) Has(mac boot.MAC) (bool, error) { return false, b.unreadable }

// Where it can't be written down or read that a machine has booted, it is not
// booted again all the same.
func TestOnceWithoutAMemory(t *testing.T) {
	b := &broken{}
	o := NewOnce(Static{linux("/kernel")}, b)
	if err := o.Done(machine(1).MAC); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("done: %v", err)
	}
	if _, err := o.Resolve(t.Context(), machine(1)); !errors.Is(err, boot.ErrIgnore) {
		t.Errorf("after it: %v", err)
	}
	if _, err := o.Resolve(t.Context(), machine(2)); err != nil {
		t.Errorf("another machine: %v", err)
	}
	b.unreadable = errors.New("disk gone")
	if _, err := o.Resolve(t.Context(), machine(2)); err == nil || errors.Is(err, boot.ErrIgnore) {
		t.Errorf("unreadable: %v", err)
	}
}
