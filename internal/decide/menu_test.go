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
		c.chose.Item = 0x8002
		chose.Chose(c.chose, noon)
		left.Shown(c.chose, noon)
		for range 3 { // it repeats itself
			chose.Begins(c.asks)
			left.Begins(c.asks)
			item, gone := chose.Of(rom.MAC, noon.Add(time.Minute))
			none, leftUs := left.Of(rom.MAC, noon.Add(time.Minute))
			if (item == 0x8002) != c.holds || gone || none != 0 || leftUs != c.holds {
				t.Errorf("%s: item %#x, %v; %#x, %v", name, item, gone, none, leftUs)
			}
		}
		if item, gone := chose.Of(rom.MAC, noon.Add(2*time.Hour)); item != 0 || gone {
			t.Errorf("%s: after two hours item %#x, %v", name, item, gone)
		}
	}
	var choices decide.Choices
	choices.Chose(rom, noon)
	for n := range 5000 {
		choices.Chose(boot.Client{MAC: boot.MAC{3, 0, 0, 0, byte(n >> 8), byte(n)}, Item: 1}, noon)
	}
	first, _ := choices.Of(rom.MAC, noon)
	if last, _ := choices.Of(boot.MAC{3, 0, 0, 0, 4999 >> 8, 4999 & 255}, noon); first != 0 || last != 1 {
		t.Error("the oldest is not the one that was forgotten")
	}
}
