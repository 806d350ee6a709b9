package timeline_test

import (
	"context"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
)

// What a Mac has chosen is known until it chooses anew, and kept over a restart.
func TestChoose(t *testing.T) {
	mac := boot.MAC{0, 0x1b, 0x63, 1, 2, 3}
	client := boot.Client{MAC: mac, Sender: mac}
	tl := timeline.New(timeline.Config{})
	if tl.Chosen(mac) != 0 {
		t.Error("a Mac that nobody knows has chosen")
	}
	tl.Choose(client, 7)
	if tl.Chosen(mac) != 7 || len(tl.Attempts(mac)) != 0 || len(tl.Machines()) != 1 {
		t.Errorf("chosen %d; boots %+v", tl.Chosen(mac), tl.Attempts(mac))
	}
	tl.Choose(client, 0)
	if tl.Chosen(mac) != 0 {
		t.Error("a choice is not forgotten")
	}
	tl.Recall(mac, timeline.Learned{Image: 9})
	if tl.Chosen(mac) != 9 {
		t.Errorf("what was kept is not known: %d", tl.Chosen(mac))
	}
	tl.Choose(client, 10)
	tl.Recall(mac, timeline.Learned{Image: 9}) // not written down yet
	if tl.Chosen(mac) != 10 {
		t.Errorf("what was kept before replaced the latest choice: %d", tl.Chosen(mac))
	}
}

// A choice is kept over a restart at once where the Mac itself made it and is known; else
// with what it fetches. What another one says in its name is no choice of its.
func TestChoiceIsKept(t *testing.T) {
	mac, forger := boot.MAC{0, 0x1b, 0x63, 1, 2, 3}, boot.MAC{2, 0x66}
	own, forged := boot.Client{MAC: mac, Sender: mac}, boot.Client{MAC: mac, Sender: forger}
	var kept []uint32
	tl := timeline.New(timeline.Config{Observers: []func(timeline.Update){func(u timeline.Update) {
		if u.Learned != nil {
			kept = append(kept, u.Learned.Image)
		}
	}}})
	expect := func(what string, chosen uint32, want ...uint32) {
		t.Helper()
		kept = nil
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		tl.Run(ctx) // delivers what there is
		if tl.Chosen(mac) != chosen || !slices.Equal(kept, want) {
			t.Errorf("%s: chosen %d, kept %v", what, tl.Chosen(mac), kept)
		}
	}
	tl.Choose(own, 1)
	expect("a Mac that nobody knows", 1)
	tl.Choose(forged, 2)
	expect("in its name", 1)
	tl.Observe(timeline.Event{Kind: timeline.FetchEnd, MAC: mac, Role: timeline.RoleKernel, Name: "booter", Proto: "tftp", Bytes: 9, Total: 9})
	expect("with its booter", 1, 1)
	tl.Choose(own, 3)
	expect("a Mac that is known", 3, 3)
	tl.Choose(forged, 4)
	expect("in the name of one that is known", 3)
}
