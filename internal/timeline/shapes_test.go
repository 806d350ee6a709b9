package timeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// inShape is our offer in a shape.
func inShape(shape string) Event {
	e := offers("snponly.efi", "tftp", "snp")
	e.Shape, e.Reshaped = shape, shape != "first"
	return e
}

// within is a DISCOVER of a transaction.
func within(transaction uint32, c boot.Client) Event {
	e := asksAloud(c)
	e.Transaction = transaction
	return e
}

// A ROM that repeats its DISCOVER although it was offered an address and a boot
// file has refused the shape of the offer, not the route. The story says which
// one it takes in the end.
func TestRefusedShapes(t *testing.T) {
	tl := New(Config{})
	refuses := func(from float64, transaction uint32, shapes ...string) {
		for i, pause := range []float64{0, 4, 12, 28}[:len(shapes)] {
			tl.Observe(at(from+pause, within(transaction, rom)))
			_, refused := tl.Shapes(mac)
			if slices.Contains(refused, shapes[i]) {
				t.Fatalf("the shape %s is refused before it was offered: %v", shapes[i], refused)
			}
			tl.Observe(at(from+pause, inShape(shapes[i])))
			tl.Observe(at(from+pause+0.1, others(leased, "")))
		}
	}
	refuses(0, 1, "first", "second", "third", "fourth")
	if _, refused := tl.Shapes(mac); !slices.Equal(refused, []string{"first", "second", "third"}) || tl.Failed(mac) != nil {
		t.Fatalf("refused %v, failed %v", refused, tl.Failed(mac))
	}
	v := tl.Attempts(mac)[0].Verdict
	if v == nil || v.Cause != OfferIgnored || v.Blames != "" || !strings.Contains(v.Sentence, "The offer had the shapes first, second, third in turn.") {
		t.Fatalf("the verdict is %+v", v)
	}

	// The next transaction goes on where this one ended.
	refuses(100, 2, "fifth")
	if _, refused := tl.Shapes(mac); len(refused) < 4 {
		t.Fatalf("a new transaction forgot what was refused: %v", refused)
	}
	tl.Observe(at(104, within(2, rom)))
	tl.Observe(at(104, inShape("sixth")))
	tl.Observe(at(104.1, others(leased, "")))
	tl.Observe(at(110, chooses(router)))
	if took, _ := tl.Shapes(mac); took != "" {
		t.Errorf("an address is taken for a boot file: %s", took)
	}
	tl.Observe(at(110, Event{Kind: BootAsked}))
	if took, refused := tl.Shapes(mac); took != "sixth" || refused != nil {
		t.Errorf("took %q, refused %v", took, refused)
	}
	story := strings.Join(texts(tl.Attempts(mac)[1]), "\n")
	for _, want := range []string{"(route snp, shape fifth)", "address 10.0.0.23 from 10.0.0.1, after an offer of the shape sixth"} {
		if !strings.Contains(story, want) {
			t.Errorf("the story doesn't say %q:\n%s", want, story)
		}
	}
}

// A transaction begins with the shape that the machine took before, and goes on
// from there.
func TestTransactionBeginsWithWhatWorked(t *testing.T) {
	tl := New(Config{})
	tl.Observe(at(0, within(1, rom)))
	tl.Observe(at(0, inShape("second")))
	tl.Observe(at(0.1, others(leased, "")))
	tl.Observe(at(1, Event{Kind: BootAsked}))

	tl.Observe(at(100, within(2, rom)))
	tl.Observe(at(100, inShape("second")))
	tl.Observe(at(100.1, others(leased, "")))
	tl.Observe(at(104, within(2, rom)))
	if took, refused := tl.Shapes(mac); took != "second" || !slices.Equal(refused, []string{"second"}) {
		t.Fatalf("after a repetition: took %q, refused %v", took, refused)
	}
	tl.Observe(at(104, inShape("first")))
	tl.Observe(at(112, within(3, rom)))
	if took, refused := tl.Shapes(mac); took != "second" || refused != nil {
		t.Errorf("in the next transaction: took %q, refused %v", took, refused)
	}
}

// Where other servers' offers can't be heard, a second request may be due to a
// slow DHCP server. A loader takes any shape.
func TestShapesAreNotRefused(t *testing.T) {
	for name, c := range map[string]boot.Client{"unheard": rom, "iPXE": ipxe} {
		tl := New(Config{})
		for _, pause := range []float64{0, 4} {
			e := within(1, c)
			e.Audible = c == ipxe
			tl.Observe(at(pause, e))
			tl.Observe(at(pause, inShape("first")))
			if c == ipxe {
				tl.Observe(at(pause, others(leased, "")))
			}
		}
		if _, refused := tl.Shapes(mac); refused != nil {
			t.Errorf("%s: refused %v", name, refused)
		}
	}
	tl := New(Config{})
	for _, pause := range []float64{0, 4, 12} {
		tl.Observe(at(pause, asks(rom)))
		tl.Observe(at(pause, inShape("first")))
	}
	if _, refused := tl.Shapes(mac); !slices.Equal(refused, []string{"first"}) {
		t.Errorf("after three requests: refused %v", refused)
	}
}

// A machine that takes an address and never comes for its boot file has refused
// the shape with its whole boot.
func TestShapeOfAFailedBoot(t *testing.T) {
	tl := New(Config{})
	for i, shape := range []string{"first", "second"} {
		from := float64(100 * i)
		tl.Observe(at(from, within(uint32(i), rom)))
		_, refused := tl.Shapes(mac)
		if slices.Contains(refused, "first") != (i > 0) {
			t.Errorf("boot %d: refused %v", i, refused)
		}
		tl.Observe(at(from, inShape(shape)))
		tl.Observe(at(from+0.1, others(leased, "")))
		tl.Observe(at(from+1, chooses(router)))
	}
	if got := tl.Failed(mac); got != nil {
		t.Errorf("the routes %v failed", got)
	}
}
