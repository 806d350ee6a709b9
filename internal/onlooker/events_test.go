package onlooker

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/capture"
	"github.com/spurboot/spur/internal/timeline"
)

// In a capture too it is no failure that a shim or a GRUB looks for what it does without.
func TestSpareFiles(t *testing.T) {
	start := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for name, spare := range map[string]bool{"revocations_sku.efi": true, "grub/x86_64-efi/fs.lst": true, "boot/grub/menu.lst": false, "grub/grub.cfg": false} {
		events := Events(&capture.Machine{MAC: boot.MAC{2, 0, 0, 0, 0, 1}, Items: []*capture.Item{{Proto: capture.Fetch, Time: start, Transfer: &capture.Transfer{
			Proto: "tftp", Name: name, Client: netip.MustParseAddrPort("10.0.0.9:2000"), Server: netip.MustParseAddrPort("10.0.0.1:69"),
			Start: start, Last: start, Err: "the server says no", Missing: true,
		}}}})
		last := events[len(events)-1]
		if last.Kind != timeline.FetchFailed || last.Spare != spare {
			t.Errorf("%s: %+v", name, last)
		}
	}
}

// A file is called what it was asked for as, and one that a web server refuses was not
// fetched, though the page that says so came to its end.
func TestFailedFetches(t *testing.T) {
	fetch := func(transfer capture.Transfer) *capture.Item {
		transfer.Client, transfer.Server = netip.MustParseAddrPort("10.0.0.9:2000"), netip.MustParseAddrPort("10.0.0.1:69")
		return &capture.Item{Proto: capture.Fetch, Transfer: &transfer}
	}
	for _, transfer := range []capture.Transfer{
		{Proto: "tftp", Err: "the server says no", Missing: true},
		{Proto: "http", Method: "GET", Name: "/none", Status: 404, Done: true, Bytes: 27, Err: "the server says 404", Refused: true, Missing: true},
	} {
		o := &overhearing{machine: &capture.Machine{}, file: "undionly.kpxe"}
		o.fetch(fetch(transfer).Transfer)
		last := o.events[len(o.events)-1]
		if last.Kind != timeline.FetchFailed || last.Name == "undionly.kpxe" {
			t.Errorf("%+v became %+v", transfer, last)
		}
	}
}

// The page by which a web server says that it doesn't send a file is no part of one, to the
// story and to the verdict.
func TestPagesAreNoFiles(t *testing.T) {
	start := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for status, test := range map[int]struct {
		err, step string
		cause     timeline.Cause
	}{
		404: {`the server says "404 Not Found"`, `asks for loader x.efi, which isn't there: the server says "404 Not Found"`, timeline.FileMissing},
		403: {`the server says "403 Forbidden"`, `loader x.efi was not sent: the server says "403 Forbidden"`, timeline.FileRefused},
		302: {`the server says "302 Found"`, `loader x.efi was not sent: the server says "302 Found"`, timeline.FileRefused},
	} {
		events := Events(&capture.Machine{MAC: boot.MAC{2, 0, 0, 0, 0, 1}, Items: []*capture.Item{{Proto: capture.Fetch, Time: start, Transfer: &capture.Transfer{
			Proto: "http", Method: "GET", Name: "/x.efi", Client: netip.MustParseAddrPort("10.0.0.9:2000"), Server: netip.MustParseAddrPort("10.0.0.1:80"),
			Start: start, Last: start, Answered: true, Done: true, Bytes: 31, Total: 31, Status: status, Err: test.err, Refused: status >= 400, Missing: status == 404,
		}}}})
		a := Attempts(events, start.Add(time.Hour))[0]
		if len(a.Steps) != 1 || a.Steps[0].Text != test.step || a.Verdict == nil || a.Verdict.Cause != test.cause {
			t.Errorf("%d: %+v, %+v", status, a.Steps, a.Verdict)
		}
		if followed := strings.Contains(a.Verdict.Likely, "redirects"); followed != (status == 302) {
			t.Errorf("%d: %s", status, a.Verdict.Likely)
		}
	}
}

// Of a file that came and isn't whole in the capture the story says so.
func TestPartlyCaptured(t *testing.T) {
	start := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	for lacks, want := range map[int64]string{0: "kernel vmlinuz: 1000 bytes", 700: "kernel vmlinuz: 1000 bytes, captured only in part"} {
		events := Events(&capture.Machine{MAC: boot.MAC{2, 0, 0, 0, 0, 1}, Items: []*capture.Item{{Proto: capture.Fetch, Time: start, Transfer: &capture.Transfer{
			Proto: "http", Method: "GET", Name: "/vmlinuz", Client: netip.MustParseAddrPort("10.0.0.9:2000"), Server: netip.MustParseAddrPort("10.0.0.1:80"),
			Start: start, Last: start, Answered: true, Done: true, Bytes: 1000, Total: 1000, Status: 200, Lacks: lacks,
		}}}})
		if a := Attempts(events, start.Add(time.Second))[0]; len(a.Steps) != 1 || a.Steps[0].Text != want {
			t.Errorf("%d: %+v", lacks, a.Steps)
		}
	}
}

// Spur that looks for DHCP servers, as a PXE ROM among others, is no machine that boots.
func TestProbesAreNoBoots(t *testing.T) {
	m, err := dhcpv4.NewDiscovery(net.HardwareAddr{2, 0, 0, 0, 0, 1},
		dhcpv4.WithOption(dhcpv4.OptClassIdentifier("PXEClient:Arch:00007:UNDI:003016")), dhcpv4.WithOption(dhcpv4.OptClientArch(iana.EFI_X86_64)))
	if err != nil {
		t.Fatal(err)
	}
	for id, boots := range map[string]bool{"\x00Spur looks for DHCP servers": false, "\x00another": true} {
		m.UpdateOption(dhcpv4.OptClientIdentifier([]byte(id)))
		events := Events(&capture.Machine{MAC: boot.MAC(m.ClientHWAddr), Items: []*capture.Item{{
			Proto: capture.DHCP, Src: netip.MustParseAddrPort("0.0.0.0:68"), Dst: netip.MustParseAddrPort("255.255.255.255:67"), Message: m.ToBytes(),
		}}})
		if Boots(events) != boots {
			t.Errorf("%q: %+v", id, events)
		}
	}
}
