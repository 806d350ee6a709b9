package timeline_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
)

// The daemon's hooks observe; a terminal, a log or a page listens.
func Example() {
	t := timeline.New(timeline.Config{
		Observers: []func(timeline.Update){func(u timeline.Update) {
			for _, s := range u.Steps {
				fmt.Println(u.Attempt.MAC, s.Text)
			}
			if u.Verdict != nil {
				fmt.Println(u.Verdict.Cause)
			}
		}},
	})
	mac := boot.MAC{0x52, 0x54, 0, 0xaa, 0xbb, 1}
	client := boot.Client{MAC: mac, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}
	start := time.Date(2026, 4, 1, 12, 1, 7, 0, time.UTC)
	for _, after := range []time.Duration{0, 4 * time.Second, 12 * time.Second, 28 * time.Second} {
		t.Observe(timeline.Event{Time: start.Add(after), MAC: mac, Kind: timeline.Asked, Client: client, Audible: true})
		t.Observe(timeline.Event{
			Time: start.Add(after), MAC: mac, Kind: timeline.Offered, Name: "snponly.efi", Proto: "tftp",
			Route: "uefi-x64-snponly", Server: netip.MustParseAddr("10.0.0.2"),
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	t.Run(ctx) // delivers what is queued
	// Output:
	// 52:54:00:aa:bb:01 asks to boot: UEFI x64, PXE
	// 52:54:00:aa:bb:01 offered snponly.efi over TFTP (route uefi-x64-snponly)
	// no-dhcp-server
}

// An attempt can be folded and judged without a timeline and without a clock.
func ExampleJudge() {
	var a timeline.Attempt
	start := time.Date(2026, 4, 1, 12, 1, 7, 0, time.UTC)
	a, _ = a.Next(timeline.Event{
		Time: start, Kind: timeline.FetchEnd, Role: timeline.RoleLoader,
		Name: "snponly.efi", Bytes: 236544, Total: 236544, Route: "uefi-x64-snponly",
	})
	_, stalled := timeline.Judge(a, start.Add(5*time.Second))
	fmt.Println("after 5 s:", stalled)
	v, _ := timeline.Judge(a, start.Add(time.Minute))
	fmt.Println("after a minute:", v.Cause, "blames", v.Blames)
	// Output:
	// after 5 s: false
	// after a minute: loader-silent blames uefi-x64-snponly
}
