package report_test

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/timeline/report"
)

func events() []timeline.Event {
	start := time.Date(2026, 4, 1, 12, 1, 7, 0, time.UTC)
	mac := boot.MAC{0x52, 0x54, 0, 0xaa, 0xbb, 1}
	client := boot.Client{MAC: mac, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.HTTP, Loader: boot.ROM}
	return []timeline.Event{
		{Time: start, MAC: mac, Kind: timeline.Asked, Client: client},
		{Time: start, MAC: mac, Kind: timeline.Offered, Name: "linux.efi", Proto: "http", Route: "uefi-http"},
		{Time: start.Add(time.Second), MAC: mac, Kind: timeline.Chose,
			Peer: netip.MustParseAddr("10.0.0.23"), Server: netip.MustParseAddr("10.0.0.1")},
		{Time: start.Add(2 * time.Second), MAC: mac, Kind: timeline.FetchStart, Role: timeline.RoleKernel, Name: "linux.efi", Proto: "http"},
		{Time: start.Add(4 * time.Second), MAC: mac, Kind: timeline.FetchEnd, Role: timeline.RoleKernel, Name: "linux.efi", Proto: "http", Bytes: 50 << 20},
		{Time: start.Add(11 * time.Second), MAC: mac, Kind: timeline.Up},
	}
}

// A Terminal is an observer of the timeline.
func ExampleTerminal() {
	options := report.Detect(os.Stdout, os.Getenv)
	options.Location = time.UTC
	terminal := report.NewTerminal(os.Stdout, options)
	defer terminal.Close()
	var a timeline.Attempt
	for _, e := range events() {
		var steps []timeline.Step
		a, steps = a.Next(e)
		terminal.Observe(timeline.Update{Time: e.Time, Attempt: a, Steps: steps})
	}
	// Output:
	// 12:01:07  52:54:00:aa:bb:01  asks to boot: UEFI x64, HTTP
	// 12:01:07  52:54:00:aa:bb:01  offered linux.efi over HTTP (route uefi-http)
	// 12:01:08  52:54:00:aa:bb:01  address 10.0.0.23 from 10.0.0.1
	// 12:01:11  52:54:00:aa:bb:01  kernel linux.efi: 50 MiB in 2.0 s, 25 MiB/s
	// 12:01:18  52:54:00:aa:bb:01  up after 11 s
}

// Story tells an attempt when it is over.
func ExampleAttempt() {
	var a timeline.Attempt
	for _, e := range events() {
		a, _ = a.Next(e)
	}
	fmt.Print(report.Attempt(a))
	// Output:
	// 52:54:00:aa:bb:01 · UEFI x64, HTTP · 10.0.0.23
	//
	//      0.0 s ┌ asks to boot: UEFI x64, HTTP
	//            ├ offered linux.efi over HTTP (route uefi-http)
	//      1.0 s ├ address 10.0.0.23 from 10.0.0.1
	//      4.0 s ├ kernel linux.efi: 50 MiB in 2.0 s, 25 MiB/s
	//     11.0 s └ up after 11 s
}
