// Package recordertest has a Spur without sockets that keeps failed boots.
package recordertest

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/identify"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/recorder"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
)

// Recording is a Spur without sockets that keeps failed boots in a folder, and a
// UEFI machine before it.
type Recording struct {
	*testing.T
	Dir     string // the folder
	Now     time.Time
	Kept    *recorder.Recorder
	Offers  *answer.Offers4
	Trouble []error // what the recorder told of
	Client  boot.Client
	Relay   netip.Addr // behind which it is; the zero value for none
}

// New makes one whose files lie in a folder of the test.
func New(t *testing.T) *Recording {
	t.Helper()
	r := &Recording{T: t, Dir: filepath.Join(t.TempDir(), "failed"), Now: time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)}
	folder, err := record.OpenFolder(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	r.Kept = &recorder.Recorder{
		Folder: folder, Now: func() time.Time { return r.Now }, Head: record.Head{Spur: "test", DHCP: "proxy"},
		Trouble: func(err error) { r.Trouble = append(r.Trouble, err) },
	}
	r.Kept.Events = timeline.New(timeline.Config{Now: func() time.Time { return r.Now }, Tap: r.Kept.Event})
	r.Client = boot.Client{
		MAC: boot.MAC{0x52, 0x54, 0, 0x12, 0x34, 0x56}, UUID: boot.UUID{0x52, 0x54, 0, 0x12, 0x34, 0x56, 0x40, 0, 0x80, 0, 0x52, 0x54, 0, 0x12, 0x34, 0x56},
		Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM, Server: netip.MustParseAddr("10.9.0.1"),
	}
	var have route.Host
	for _, l := range route.Loaders() {
		for _, b := range l.Builds {
			have.Loaders = append(have.Loaders, route.Binary{Build: b})
		}
	}
	next := resolver.Static{Payload: boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}}}}
	d := decide.Decider{Resolver: next, Host: have, Failed: r.Kept.Events.Failed, Shapes: r.Kept.Events.Shapes, Lease: route.Theirs}
	o := answer.New(d, &tree.Tree{Names: tree.Names{Key: seal.NewKey()}, Host: have, HTTPPort: 80, TFTPPort: 69}, r.Kept.Events, &decide.Clients{})
	o.Recorder, o.Trouble = r.Kept, func(what string, _ boot.MAC, _ string, err error) { t.Error(what, err) }
	r.Offers = &answer.Offers4{Offers: o, Timeless: true, Send: func(dhcp.Packet, *dhcpv4.DHCPv4) error { return nil }}
	return r
}

// Asks has the machine ask, as it would by the listener.
func (r *Recording) Asks() { r.Sends(identify.Request(r.Client)) }

// Sends has the machine send a request.
func (r *Recording) Sends(m *dhcpv4.DHCPv4) {
	if r.Relay.IsValid() {
		m.GatewayIPAddr = r.Relay.AsSlice()
	}
	p := dhcp.Packet{
		Message: m, Raw: dhcp.Marshal(m), Port: dhcp.ServerPort, Interface: dhcp.Interface{Name: "eth0", Addrs: []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24")}},
		From: netip.MustParseAddrPort("0.0.0.0:68"), To: netip.MustParseAddr("255.255.255.255"), Server: r.Client.Server, Time: r.Now,
	}
	r.Offers.Answer(r.Context(), p)
}

// Fails lets time go by until there is a verdict, which the recorder is told.
func (r *Recording) Fails() {
	r.Helper()
	for range 60 {
		r.Now = r.Now.Add(time.Second)
		if r.Now.Second()%4 == 0 {
			r.Asks()
		}
		a := r.Kept.Events.Attempts(r.Client.MAC)
		last := a[len(a)-1]
		if v, ok := timeline.Judge(last, r.Now); ok {
			r.Kept.Observe(timeline.Update{Time: r.Now, Attempt: last, Verdict: &v})
			return
		}
	}
	r.Fatal("no verdict")
}

// Files are those of the boots that were kept.
func (r *Recording) Files() []string {
	r.Helper()
	files, err := filepath.Glob(filepath.Join(r.Dir, "*"))
	if err != nil {
		r.Fatal(err)
	}
	return files
}
