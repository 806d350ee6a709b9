package timeline

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// loads is a boot by iPXE of a payload that needs so many MiB, by a machine that says that
// it has so many; 0 for one that doesn't say.
func loads(needs, has int64, more ...Event) []Event {
	offer := offers("boot.ipxe", "http", "ipxe-http")
	offer.Needs = needs << 20
	events := []Event{at(0, asks(ipxe)), at(0, offer), at(1, chooses(router)), at(2, ends(RoleScript, "boot.ipxe", 400))}
	if has > 0 {
		events = append(events, at(3, Event{Kind: Memory, Bytes: has << 20}))
	}
	return append(append(events, at(3, starts(RoleKernel, "vmlinuz")), at(4, ends(RoleKernel, "vmlinuz", 14<<20))), more...)
}

func told(events []Event) (a Attempt, steps []Step) {
	for _, e := range events {
		var more []Step
		a, more = a.Next(e)
		steps = append(steps, more...)
	}
	return a, steps
}

func TestMemory(t *testing.T) {
	got := at(9, ends(RoleInitrd, "initrd.img", 66<<20))
	broke := Event{Kind: FetchFailed, Role: RoleInitrd, Name: "initrd.img", Proto: "http", Bytes: 30 << 20, Total: 66 << 20, Err: "peer closed"}
	offered := offers("grubx64.efi", "tftp", "uefi-grub")
	offered.Needs = 1434 << 20
	inGRUB := []Event{at(0, asks(rom)), at(0, offered), at(1, chooses(router)), at(20, ends(RoleLoader, "grubx64.efi", 350<<20))}
	small := []Event{at(0, asks(rom)), at(0, offered), at(1, chooses(router)), at(20, ends(RoleLoader, "grubx64.efi", 2<<20))}
	over := []Event{at(9, broke), at(20, ends(RoleKernel, "vmlinuz", 14<<20)), at(21, broke), at(32, ends(RoleKernel, "vmlinuz", 14<<20)), at(33, broke)}
	loop := []Event{got, at(20, ends(RoleKernel, "vmlinuz", 14<<20)), at(40, ends(RoleKernel, "vmlinuz", 14<<20)), at(41, got)}
	runs := []Event{got, at(15, Event{Kind: OSAsked, Reason: "udhcp 1.35.0"})}
	squashfs := Event{Kind: FetchFailed, Role: RoleFile, Name: "filesystem.squashfs", Proto: "http", Bytes: 382 << 20, Total: 702 << 20, Err: "peer closed"}
	breaks := append(slices.Clone(runs), at(16, starts(RoleFile, "filesystem.squashfs")), at(30, squashfs))
	again := append(slices.Clone(breaks), at(31, starts(RoleFile, "filesystem.squashfs")), at(40, ends(RoleFile, "filesystem.squashfs", 702<<20)))
	mounts := append(slices.Clone(runs), at(20, Event{Kind: Mounted, Proto: "nfs", Name: "live.iso"}))
	loses := append(slices.Clone(mounts), at(30, Event{Kind: Unmounted, Proto: "nbd", Name: "live.iso", Err: "timeout"}))
	leaves := append(slices.Clone(mounts), at(30, Event{Kind: Unmounted, Proto: "nfs", Name: "live.iso"}))
	for _, test := range []struct {
		name   string
		events []Event
		after  float64
		cause  Cause
		likely string
	}{
		{"too little, silent", loads(1434, 512, got), 80, NotEnoughMemory, "the machine has 512 MiB of memory, and what it boots needs about 1.4 GiB."},
		{"too little, not for long", loads(1434, 512, got), 30, "", ""},
		{"enough, silent", loads(240, 512, got), 80, "", ""},
		{"enough, silent for long", loads(240, 512, got), 200, NoSignOfLife, "!memory"},
		{"much, and nobody knows", loads(1434, 0, got), 200, NoSignOfLife, "Or it has less memory than it needs, which is about 1.4 GiB."},
		{"little, and nobody knows", loads(240, 0, got), 200, NoSignOfLife, "!memory"},
		{"too little, breaks off", loads(1434, 64, at(9, broke)), 30, NotEnoughMemory, "64 MiB"},
		{"too little, again and again", loads(1434, 64, over...), 34, NotEnoughMemory, "64 MiB"},
		{"enough, breaks off", loads(240, 512, at(9, broke)), 30, TransferAborted, "!memory"},
		{"much, breaks off", loads(1434, 0, at(9, broke)), 30, TransferAborted, "the machine has too little memory: what it boots needs about 1.4 GiB. Or the connection"},
		{"much, starts over", loads(1434, 0, loop...), 42, KernelLoop, "too little memory"},
		{"too little, starts over", loads(1434, 512, loop...), 42, NotEnoughMemory, "512 MiB"},
		{"a disk in GRUB, silent", inGRUB, 60, LoaderSilent, "the machine has too little memory: loader grubx64.efi has in it what it boots, which needs about 1.4 GiB. Or Secure Boot"},
		{"GRUB alone, silent", small, 60, LoaderSilent, "!memory"},
		{"too little, runs", loads(1434, 512, runs...), 300, "", ""},
		{"too little, a file of its system breaks off", loads(1434, 512, breaks...), 95, NotEnoughMemory, "512 MiB of memory, and what it boots needs about 1.4 GiB"},
		{"… not for long", loads(1434, 512, breaks...), 80, "", ""},
		{"… and comes", loads(1434, 512, again...), 300, "", ""},
		{"enough, a file of its system breaks off", loads(240, 512, breaks...), 300, "", ""},
		{"too little, mounts its root", loads(1434, 512, mounts...), 300, "", ""},
		{"… and loses it", loads(1434, 512, loses...), 211, NotEnoughMemory, "512 MiB"},
		{"… not for long", loads(1434, 512, loses...), 160, "", ""},
		{"… and has done with it", loads(1434, 512, leaves...), 300, "", ""},
		{"enough, mounts its root", loads(240, 512, mounts...), 300, "", ""},
		{"loaded more than it has", loads(0, 64, got), 80, NotEnoughMemory, "64 MiB of memory, and what it boots needs more than 80 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, _ := told(test.events)
			v, ok := Judge(a, began.Add(time.Duration(test.after*float64(time.Second))))
			if !ok && test.cause == "" {
				return
			}
			likely, without := strings.CutPrefix(test.likely, "!")
			if v.Cause != test.cause || strings.Contains(v.Likely+v.Hint, likely) == without {
				t.Errorf("%+v", v)
			}
		})
	}
}

// A machine that has too little is told of before it stops; one that has enough isn't.
func TestMemoryIsTold(t *testing.T) {
	for has, want := range map[int64]string{512: "has 512 MiB of memory, and what it boots needs about 1.4 GiB", 2048: ""} {
		a, steps := told(loads(1434, has))
		var text string
		for _, s := range steps {
			if s.Kind == Memory {
				text = s.Text
			}
		}
		if text != want || a.Memory != has<<20 || a.Needs != 1434<<20 {
			t.Errorf("%d MiB: %q, %d of %d", has, text, a.Needs, a.Memory)
		}
	}
}

// One that starts over at once is told the first time, where others have to do so often.
func TestStartsOverWithTooLittleMemory(t *testing.T) {
	for has, want := range map[int64]Cause{512: NotEnoughMemory, 2048: ""} {
		var given Cause
		tl := New(Config{Now: func() time.Time { return began.Add(30 * time.Second) }})
		for _, e := range append(loads(1434, has, at(9, ends(RoleInitrd, "initrd.img", 66<<20))), at(25, asks(ipxe))) {
			tl.Observe(e)
		}
		if v := tl.Attempts(mac)[0].Verdict; v != nil {
			given = v.Cause
		}
		if given != want || len(tl.Attempts(mac)) != 2 {
			t.Errorf("%d MiB: %q", has, given)
		}
	}
}
