package lab

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// victimVar makes the test binary build a lab and wait to be killed.
const victimVar = "SPUR_LAB_TEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victimVar) != "" {
		victim()
	}
	goleak.VerifyTestMain(m)
}

// victim makes a lab with a machine, tells its mark, and waits.
func victim() {
	l, err := New(context.Background(), Options{})
	if err == nil {
		err = furnish(l)
	}
	if err != nil {
		fmt.Println("victim:", err)
		os.Exit(1)
	}
	fmt.Println("mark " + l.mark)
	select {}
}

// furnish puts one of each into a lab.
func furnish(l *Lab) error {
	w, err := l.Wire("wire")
	if err != nil {
		return err
	}
	server, err := l.Host("server", On(w, "10.77.0.1/24"))
	if err != nil {
		return err
	}
	if _, err := l.Host("lossy", NIC{Wire: w, Addrs: []string{"10.77.0.2/24"}, Loss: Loss{Share: 0.1}}); err != nil {
		return err
	}
	if _, err := (DNSMasq{Host: server, Range: "10.77.0.50,10.77.0.99,1h"}).Start(context.Background()); err != nil {
		return err
	}
	if _, err := w.Capture("wire.pcap"); err != nil {
		return err
	}
	if err := w.Router(); err != nil {
		return err
	}
	_, err = l.Boot("machine", Hardware{Firmware: BIOS, Ports: []Port{{Wire: w, PlainROM: true}, {Wire: w}}})
	return err
}

// patience is how long a test waits for anything; on a good day all is done in
// a fraction of it.
const patience = 3 * time.Minute

// start makes a lab that ends with the test, and a context that ends before.
func start(t *testing.T) (context.Context, *Lab) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	l, err := New(ctx, Options{})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		cancel()
	})
	return ctx, l
}

// must is the value of a call that may not fail.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wire(t *testing.T, l *Lab, name string) *Wire {
	t.Helper()
	return must[*Wire](t)(l.Wire(name))
}

func host(t *testing.T, l *Lab, name string, nics ...NIC) *Host {
	t.Helper()
	return must[*Host](t)(l.Host(name, nics...))
}

func TestNames(t *testing.T) {
	_, l := start(t)
	wire(t, l, "wire")
	for _, name := range []string{"", "wire", "Upper", "a/b", "..", "0123456789012345678901234567890123"} {
		if _, err := l.Wire(name); err == nil {
			t.Errorf("wire %q was made", name)
		}
	}
	_, other := start(t)
	wire(t, other, "wire") // side by side
	if l.mark == other.mark {
		t.Errorf("two labs have the mark %s", l.mark)
	}
}
