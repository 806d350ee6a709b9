package timeline

import (
	"strings"
	"testing"
	"time"
)

// withMenu is our offer with a menu.
func withMenu(wait time.Duration, elsewhere ...string) Event {
	e := offers("snponly.efi", "tftp", "snp")
	e.Menu = &Menu{Wait: wait, Elsewhere: elsewhere}
	return e
}

// A machine that shows a menu is not taken for one that stalls; who comes for none of
// our items has left us where others are in it.
func TestMenuPatience(t *testing.T) {
	shown := func(menu Event) []Event {
		return []Event{at(0, asksAloud(rom)), at(0, menu), at(0.1, others(leased, "")), at(4, chooses(router))}
	}
	chose := func(menu Event) []Event {
		return append(shown(menu), at(50, Event{Kind: BootAsked, Reason: "item 2, Rescue"}), at(50, Event{Kind: Answered, Name: "snponly.efi", Proto: "tftp", Route: "snp"}))
	}
	for name, c := range map[string]struct {
		events       []Event
		quiet, stall float64
		cause        Cause
		info         bool
		likely       string
	}{
		"all items are ours":                  {shown(withMenu(20 * time.Second)), 33, 34, OfferIgnored, false, "somebody looks at the menu"},
		"all are ours, and it waits for good": {shown(withMenu(-1)), 10000, -1, "", false, ""},
		"others are in it":                    {shown(withMenu(20*time.Second, "Windows", "Local boot")), 33, 34, LeftByMenu, true, "it left for Windows or Local boot"},
		"others are in it, for good":          {shown(withMenu(-1, "Windows")), 13, 14, LeftByMenu, true, "or the menu is on its screen still"},
		"it chose one of ours":                {chose(withMenu(-1, "Windows")), 59, 60, BootFileNotFetched, false, ""},
		"it looks for another's":              {append(shown(withMenu(5*time.Second, "Windows")), at(9, Event{Kind: ChoseOther, Reason: "chose Windows, and looks for its boot server"})), 10000, -1, "", false, ""},
	} {
		a := fold(c.events)
		if v, ok := Judge(a, began.Add(time.Duration(c.quiet*float64(time.Second)))); ok {
			t.Errorf("%s: %+v after %v s", name, v, c.quiet)
		}
		if c.stall < 0 {
			continue
		}
		v, ok := Judge(a, began.Add(time.Duration(c.stall*float64(time.Second))))
		if !ok || v.Cause != c.cause || v.Info != c.info || v.Blames != "" && c.info || !strings.Contains(v.Likely, c.likely) {
			t.Errorf("%s: %+v, %v", name, v, ok)
		}
	}
}

// The story tells what was chosen, and a machine that left us comes back by a new boot.
func TestMenuInTheStory(t *testing.T) {
	a := fold([]Event{
		at(0, asks(rom)), at(0, withMenu(0, "Windows")), at(4, chooses(router)),
		at(5, Event{Kind: ChoseOther, Reason: "chose Windows, and looks for its boot server"}),
		at(6, Event{Kind: ChoseOther, Reason: "chose Windows, and looks for its boot server"}),
	})
	told := strings.Join(texts(a), "\n")
	if a.Stage != Elsewhere || !strings.Contains(told, "offered snponly.efi over TFTP and a menu (route snp)") || !strings.HasSuffix(told, "chose Windows, and looks for its boot server") {
		t.Errorf("%s: %s", a.Stage, told)
	}
	if !a.Begins(at(100, asks(rom))) {
		t.Error("the machine's next boot is taken for this one")
	}
	a = fold([]Event{at(0, asks(rom)), at(0, withMenu(0)), at(4, chooses(router)), at(5, Event{Kind: BootAsked, Reason: "item 2, Rescue\x1b"})})
	if told := texts(a); told[len(told)-1] != `chose item 2, Rescue\x1b, and asks us for its boot file` {
		t.Errorf("%q", told)
	}
}

// In front of a menu that a loader draws a machine may wait for good; what was chosen is
// to be fetched as ever, and the local disk is no affair of ours.
func TestDrawnMenu(t *testing.T) {
	menu := ends(RoleScript, "boot.ipxe", 900)
	menu.Waits = true
	item := ends(RoleScript, "boot.ipxe", 900)
	local := item
	local.Leaves = true
	for name, c := range map[string]struct {
		events []Event
		cause  Cause
		stage  Stage
		text   string
	}{
		"nobody chooses": {[]Event{at(1, menu)}, "", Loading, "; it shows a menu and waits for a person"},
		"an item":        {[]Event{at(1, menu), at(99, item)}, KernelNotFetched, Loading, "boot.ipxe"},
		"the local disk": {[]Event{at(1, menu), at(99, local)}, "", Elsewhere, "; it leaves the machine to its own disk"},
	} {
		a := fold(append([]Event{at(0, asksAloud(ipxe))}, c.events...))
		v, _ := Judge(a, began.Add(time.Hour))
		if v.Cause != c.cause || a.Stage != c.stage || !strings.Contains(a.Steps[len(a.Steps)-1].Text, c.text) {
			t.Errorf("%s: %+v, stage %s, %+v", name, v, a.Stage, a.Steps[len(a.Steps)-1])
		}
	}
}
