package timeline_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/timeline"
)

// look plays events of strangers, and judges when a minute has gone by after them.
func look(events ...timeline.Event) (timeline.Verdict, bool) {
	var a timeline.Attempt
	start := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	at := start
	for n, e := range events {
		at = start.Add(time.Duration(n) * 4 * time.Second)
		e.MAC, e.Onlooker, e.Time = boot.MAC{2, 0, 0, 0, 0, 1}, true, at
		if e.Kind == timeline.Asked || e.Kind == timeline.Offered {
			e.Client, e.Audible = boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}, true
		}
		a, _ = a.Next(e)
	}
	return timeline.JudgeOnlooker(a, at.Add(time.Minute))
}

// An onlooker's verdicts name the servers, and speak of none as ours.
func TestOnlooker(t *testing.T) {
	dhcp, server, machine := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.23")
	asked := timeline.Event{Kind: timeline.Asked}
	offered := timeline.Event{Kind: timeline.Offered, Name: "a.efi", Proto: "tftp", Server: server}
	both := offered
	both.Peer = machine
	addressed := timeline.Event{Kind: timeline.OtherOffered, Peer: machine, Server: dhcp}
	windows := timeline.Event{Kind: timeline.OtherOffered, Peer: machine, Server: dhcp, Reason: "PXEClient"}
	chose := timeline.Event{Kind: timeline.Chose, Peer: machine, Server: dhcp}
	bootAsked := timeline.Event{Kind: timeline.BootAsked, Server: server}
	answered := timeline.Event{Kind: timeline.Answered, Name: "a.efi", Proto: "tftp", Server: server}
	fetch := func(k timeline.Kind, role timeline.Role, refusal timeline.Refusal, err string) timeline.Event {
		return timeline.Event{Kind: k, Role: role, Name: "a.efi", Proto: "tftp", Bytes: 100, Total: 200, Err: err, Refusal: refusal, Server: server}
	}
	ended := fetch(timeline.FetchEnd, timeline.RoleLoader, "", "")
	ended.Total = 100
	script := ended
	script.Role = timeline.RoleScript
	for name, test := range map[string]struct {
		events []timeline.Event
		cause  timeline.Cause
		seen   string
	}{
		"nobody":         {[]timeline.Event{asked, asked, asked}, timeline.NoDHCPServer, "the machine asked 3 times, and nobody answered"},
		"address alone":  {[]timeline.Event{asked, addressed, asked, addressed}, timeline.NoBootOffer, "was offered the address 10.0.0.23 by 10.0.0.1, but nobody said what to boot"},
		"taken":          {[]timeline.Event{asked, addressed, chose}, timeline.NoBootOffer, "took the address 10.0.0.23 from 10.0.0.1, but nobody said"},
		"option 60":      {[]timeline.Event{asked, windows, asked, windows}, timeline.NoBootOffer, "says that it is a boot server (option 60, PXEClient) and names no boot file"},
		"no address":     {[]timeline.Event{asked, offered, asked, offered, asked, offered}, timeline.NoDHCPServer, "was offered a.efi 3 times by 10.0.0.2, but no address by anybody"},
		"refused":        {[]timeline.Event{asked, offered, addressed, asked, offered, addressed, asked, offered, addressed}, timeline.OfferIgnored, "and a.efi by 10.0.0.2, and took neither"},
		"refused both":   {[]timeline.Event{asked, both, asked, both, asked, both}, timeline.OfferIgnored, "10.0.0.23 and a.efi by 10.0.0.2 3 times, but requested no address"},
		"passed over":    {[]timeline.Event{asked, offered, addressed, chose}, timeline.OfferIgnored, "took its address from 10.0.0.1, but never asked 10.0.0.2 for a.efi"},
		"4011":           {[]timeline.Event{asked, offered, addressed, chose, bootAsked}, timeline.BootFileNotFetched, "asked 10.0.0.2 for its boot file on port 4011, but got no answer"},
		"told":           {[]timeline.Event{asked, offered, addressed, chose, bootAsked, answered}, timeline.BootFileNotFetched, "was told by 10.0.0.2 on port 4011 to fetch a.efi"},
		"silent loader":  {[]timeline.Event{asked, both, chose, ended}, timeline.LoaderSilent, "a.efi was fetched completely, and the machine was not heard of again"},
		"silent script":  {[]timeline.Event{asked, both, chose, script}, timeline.KernelNotFetched, "was fetched, but no kernel after it"},
		"missing":        {[]timeline.Event{asked, both, chose, fetch(timeline.FetchFailed, timeline.RoleLoader, timeline.NoSuchFile, "the server says no")}, timeline.FileMissing, "which isn't there: the server says no"},
		"server refuses": {[]timeline.Event{asked, both, chose, fetch(timeline.FetchFailed, timeline.RoleLoader, timeline.Refused, "the server says no")}, timeline.FileRefused, "the server says no"},
		"blocked":        {[]timeline.Event{asked, both, chose, fetch(timeline.FetchFailed, timeline.RoleLoader, "", "no answer")}, timeline.TransferAborted, "no answer, and was not asked for again"},
		"stalled":        {[]timeline.Event{asked, both, chose, fetch(timeline.FetchStart, timeline.RoleLoader, "", ""), fetch(timeline.FetchProgress, timeline.RoleLoader, "", "")}, timeline.TransferStalled, "100 bytes of 200 bytes"},
		"loop":           {[]timeline.Event{asked, both, chose, ended, ended, ended}, timeline.ChainloadLoop, "3 times without asking for a script"},
	} {
		v, ok := look(test.events...)
		if !ok || v.Cause != test.cause || !strings.Contains(v.Sentence, test.seen) {
			t.Errorf("%s: %v %s: %s", name, ok, v.Cause, v.Sentence)
		}
		for _, word := range []string{" us ", " us.", " us,", " our ", " we ", "this host", "Spur listens", "let Spur", "route"} {
			if text := v.Sentence + " " + v.Likely + " " + v.Hint; strings.Contains(text, word) {
				t.Errorf("%s: %q speaks of an onlooker as a server: %s", name, word, text)
			}
		}
	}
}

// What goes on needs no verdict.
func TestOnlookerOfGoodBoot(t *testing.T) {
	if v, ok := look(timeline.Event{Kind: timeline.Asked}); ok && v.Cause != timeline.NoDHCPServer {
		t.Errorf("got %+v", v)
	}
	kernel := timeline.Event{Kind: timeline.FetchEnd, Role: timeline.RoleKernel, Name: "vmlinuz", Bytes: 1, Total: 1, Proto: "http"}
	if v, ok := look(timeline.Event{Kind: timeline.Asked}, timeline.Event{Kind: timeline.Offered, Name: "x", Server: netip.MustParseAddr("10.0.0.2")}, kernel); ok {
		t.Errorf("got %+v", v)
	}
}

// A program for other firmware than the machine's never runs there; its name tells.
func TestWrongProgram(t *testing.T) {
	server, machine := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.23")
	start := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	uefi := boot.Client{Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}
	bios := boot.Client{Firmware: boot.BIOS, Arch: boot.X86, Proto: boot.PXE, Loader: boot.ROM}
	ipxe := uefi
	ipxe.Loader = boot.IPXE
	for _, test := range []struct {
		client boot.Client
		file   string
		seen   string // "" for another verdict
	}{
		{uefi, "pxelinux.0", "pxelinux.0 is a program for a BIOS, and the machine is UEFI x64."},
		{uefi, "undionly.kpxe", "undionly.kpxe is a program for a BIOS, and the machine is UEFI x64."},
		{uefi, "IPXE.PXE", "IPXE.PXE is a program for a BIOS, and the machine is UEFI x64."},
		{uefi, "wdsnbp.com", "wdsnbp.com is a program for a BIOS, and the machine is UEFI x64."},
		{bios, "snponly.efi", "snponly.efi is a program for UEFI, and the machine is BIOS."},
		{uefi, "snponly.efi", ""}, {bios, "pxelinux.0", ""}, {bios, "undionly.kpxe", ""}, {ipxe, "pxelinux.0", ""}, {uefi, "loader", ""},
	} {
		for _, onlooker := range []bool{true, false} {
			var a timeline.Attempt
			for n, e := range []timeline.Event{
				{Kind: timeline.Asked, Client: test.client},
				{Kind: timeline.Offered, Client: test.client, Name: test.file, Proto: "tftp", Server: server, Peer: machine},
				{Kind: timeline.Chose, Peer: machine, Server: server},
				{Kind: timeline.FetchStart, Role: timeline.RoleLoader, Name: test.file, Proto: "tftp", Total: 100},
				{Kind: timeline.FetchEnd, Role: timeline.RoleLoader, Name: test.file, Proto: "tftp", Bytes: 100, Total: 100},
			} {
				e.MAC, e.Onlooker, e.Time = boot.MAC{2, 0, 0, 0, 0, 1}, onlooker, start.Add(time.Duration(n)*time.Second)
				a, _ = a.Next(e)
			}
			judge := timeline.Judge
			if onlooker {
				judge = timeline.JudgeOnlooker
			}
			v, ok := judge(a, start.Add(time.Minute))
			switch {
			case !ok:
				t.Errorf("%s: no verdict", test.file)
			case test.seen == "" && v.Cause == timeline.WrongProgram:
				t.Errorf("%s on %s: %s", test.file, test.client.Platform(), v.Sentence)
			case test.seen != "" && (v.Cause != timeline.WrongProgram || v.Sentence != test.seen || !strings.Contains(v.Hint, "option 93")):
				t.Errorf("%s on %s: %s: %s %s", test.file, test.client.Platform(), v.Cause, v.Sentence, v.Hint)
			}
		}
	}
}
