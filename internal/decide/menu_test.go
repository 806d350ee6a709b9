package decide_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
)

// items is a resolver with a payload for each item.
func items(c boot.Client) (boot.Payload, error) {
	switch c.Item {
	case 0x8000:
		return boot.Payload{Content: boot.EFI{Program: boot.File{Source: "/arm64.efi"}, Arch: boot.ARM64}}, nil
	case 0x8001:
		return kernel, nil
	}
	return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/rescue"}}}, nil
}

func menu() *decide.Menu {
	return &decide.Menu{Items: []decide.Item{
		{Type: 0x8000, Title: "Shell", Ours: true}, {Type: 0x8001, Title: "Debian", Ours: true},
		{Type: 1, Title: "Windows"}, {Type: 0x8002, Title: "Rescue", Ours: true}, {Type: 0, Title: "Local boot"},
	}, Prompt: "F8", Timeout: 7}
}

// A machine is shown what it can boot, boots the first of that where nobody chooses,
// and what was chosen else.
func TestMenu(t *testing.T) {
	d := decider(boot.Payload{}, nil)
	d.Resolver, d.Menu = resolve(items), menu()
	over6 := rom
	over6.IPv6 = true
	ipxe := rom
	ipxe.Loader, ipxe.Features = boot.IPXE, boot.UsualIPXE
	chose := rom
	chose.Item = 0x8002
	for name, c := range map[string]struct {
		client boot.Client
		item   uint16
		title  string
		shown  string
	}{
		"a ROM":               {rom, 0x8001, "vmlinuz", "[32769 1 32770 0]"},
		"iPXE in a ROM":       {ipxe, 0x8001, "vmlinuz", "[32769 1 32770 0]"},
		"one that chose":      {chose, 0x8002, "rescue", "[]"},
		"DHCPv6 has no menus": {over6, 0x8001, "vmlinuz", "[]"},
	} {
		got, err := d.Decide(t.Context(), c.client)
		var shown []uint16
		if got.Menu != nil {
			if got.Menu.Prompt != "F8" || got.Menu.Timeout != 7 {
				t.Errorf("%s: %+v", name, got.Menu)
			}
			for _, i := range got.Menu.Items {
				shown = append(shown, i.Type)
			}
		}
		if err != nil || got.Client.Item != c.item || got.Payload.Title() != c.title || fmt.Sprint(shown) != c.shown {
			t.Errorf("%s: item %d, %s, %v, %v", name, got.Client.Item, got.Payload.Title(), shown, err)
		}
	}
	if got := menu().Elsewhere(); fmt.Sprint(got) != "[Windows Local boot]" {
		t.Errorf("elsewhere lead %v", got)
	}
	arm := rom
	arm.Arch = boot.ARM
	var none decide.NoRoute
	if _, err := d.Decide(t.Context(), arm); !errors.As(err, &none) {
		t.Errorf("a machine that can boot none: %v", err)
	}
	refused := errors.New("down")
	d.Resolver = resolve(func(boot.Client) (boot.Payload, error) { return boot.Payload{}, refused })
	if _, err := d.Decide(t.Context(), rom); !errors.Is(err, refused) {
		t.Errorf("the resolver's error became %v", err)
	}
}

// A choice holds for the loader that it led to, and for the firmware's next boot
// options, until the machine begins anew or an hour is over.
func TestChoices(t *testing.T) {
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	loaded, http, over6 := rom, rom, rom
	loaded.Loader, loaded.Features = boot.IPXE, boot.UsualIPXE
	http.Proto, over6.IPv6 = boot.HTTP, true
	better := loaded
	better.Features |= boot.CanHTTPS
	for name, c := range map[string]struct {
		chose, asks boot.Client
		holds       bool
	}{
		"the loader of a ROM":      {rom, loaded, true},
		"HTTP Boot after PXE":      {rom, http, true},
		"IPv6 after PXE":           {rom, over6, true},
		"the ROM, again":           {rom, rom, false},
		"another iPXE of an iPXE":  {loaded, better, true},
		"the same iPXE in the ROM": {loaded, loaded, false},
		"a ROM after iPXE":         {loaded, rom, false},
	} {
		var chose, left decide.Choices
		chose.Shown(c.chose, true, noon)
		left.Shown(c.chose, true, noon)
		c.chose.Item = 0x8002
		chose.Chose(c.chose, noon)
		for range 3 { // it repeats itself
			chose.Begins(c.asks)
			left.Begins(c.asks)
			item, gone := chose.Of(rom, noon.Add(time.Minute))
			none, leftUs := left.Of(rom, noon.Add(time.Minute))
			if (item == 0x8002) != c.holds || gone || none != 0 || leftUs != c.holds {
				t.Errorf("%s: item %#x, %v; %#x, %v", name, item, gone, none, leftUs)
			}
		}
		if item, gone := chose.Of(rom, noon.Add(2*time.Hour)); item != 0 || gone {
			t.Errorf("%s: after two hours item %#x, %v", name, item, gone)
		}
	}
}

// Who was only shown a menu makes room for who chose from one, and of the former the
// oldest goes first.
func TestChoicesAreBounded(t *testing.T) {
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	var choices decide.Choices
	made := func(n int, item uint16) boot.Client {
		mac := boot.MAC{3, 0, 0, 0, byte(n >> 8), byte(n)}
		return boot.Client{MAC: mac, Sender: mac, Item: item}
	}
	chose := made(9000, 1)
	choices.Shown(chose, true, noon)
	choices.Chose(chose, noon)
	for n := range 5000 {
		choices.Shown(made(n, 0), true, noon)
	}
	if item, _ := choices.Of(chose, noon); item != 1 {
		t.Error("a choice made room for menus that were only shown")
	}
	if _, first := choices.Of(made(0, 0), noon); first {
		t.Error("the oldest of them is remembered")
	}
	if _, last := choices.Of(made(4999, 0), noon); !last {
		t.Error("the last of them is forgotten")
	}
}

// Packets in a machine's name that others send choose nothing for it, whatever they are
// and however many, and nothing is chosen from a menu that was not shown.
func TestForgedChoices(t *testing.T) {
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	var choices decide.Choices
	own := rom
	own.Sender = rom.MAC
	item := func(c boot.Client, item uint16) boot.Client { c.Item = item; return c }
	choices.Chose(item(own, 0x8001), noon)
	if got, _ := choices.Of(own, noon); got != 0 {
		t.Errorf("%#x was chosen from no menu", got)
	}
	choices.Shown(own, true, noon)
	choices.Chose(item(own, 0x8001), noon)
	forged := own
	forged.Sender = boot.MAC{2, 0x66, 0x66, 0x66, 0x66, 0xaa}
	choices.Chose(item(forged, 0x8000), noon)
	choices.Begins(forged)
	choices.Shown(forged, true, noon)
	choices.Chose(item(forged, 0x8000), noon)
	for n := range 20_000 {
		made := forged
		made.MAC = boot.MAC{2, 0x11, 0, 0, byte(n >> 8), byte(n)}
		choices.Shown(made, true, noon)
		choices.Chose(item(made, 0x8000), noon)
	}
	over6 := rom
	over6.IPv6 = true
	for _, c := range []boot.Client{own, over6} {
		if got, _ := choices.Of(c, noon); got != 0x8001 {
			t.Errorf("it chose 0x8001, and boots %#x", got)
		}
	}
	elsewhere := own
	elsewhere.Interface = "eth1"
	if got, _ := choices.Of(elsewhere, noon); got != 0 {
		t.Errorf("at another interface it boots %#x", got)
	}
}

// A machine behind a relay, or a bridge that puts its own address into frames, chooses
// by way of that one, also for what it asks by DHCPv6.
func TestChoiceThroughOthers(t *testing.T) {
	noon := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	var choices decide.Choices
	behind := rom
	behind.Sender = boot.MAC{2, 1, 1, 1, 1, 1}
	choices.Shown(behind, true, noon)
	over6 := rom
	over6.IPv6 = true
	if _, left := choices.Of(over6, noon); !left {
		t.Error("over IPv6 it boots what it has not chosen")
	}
	behind.Item = 0x8001
	choices.Chose(behind, noon)
	for _, c := range []boot.Client{behind, over6} {
		if got, _ := choices.Of(c, noon); got != 0x8001 {
			t.Errorf("it chose 0x8001, and boots %#x", got)
		}
	}
}
