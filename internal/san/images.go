package san

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spurboot/spur/iscsi"
	"github.com/spurboot/spur/nbd"
)

// Images are images that booting systems mount, for reading. Each is found by a name that
// only its machine was told, and open while somebody uses it; nobody is told which there are.
type Images struct {
	// Open opens what has a name. It is read for as long as it is open, which is longer than
	// the login that had it opened: the context doesn't end before.
	Open  func(ctx context.Context, name string) (Image, error)
	Hooks ImageHooks

	mu      sync.Mutex
	targets map[string]*openTarget // those in use

	// What clients may take, on whichever listener.
	nbd   *nbd.Shares
	iscsi *iscsi.Shares
}

// NewImages makes Images.
func NewImages(open func(ctx context.Context, name string) (Image, error), hooks ImageHooks) *Images {
	return &Images{Open: open, Hooks: hooks, targets: map[string]*openTarget{},
		nbd: nbd.NewShares(nbd.Bounds{}), iscsi: iscsi.NewShares(iscsi.Bounds{})}
}

// ImageHooks tell of what is mounted.
type ImageHooks struct {
	Mounted func(Mount)
	// Left says how many bytes were read, and why it ended if that was not by itself.
	Left func(m Mount, read int64, why error)
}

// Mount is one use of an image.
type Mount struct {
	Name string // that it was asked for by
	Peer netip.Addr
}

// ServeNBD serves the images, each as the export of its name, until the context ends.
func (i *Images) ServeNBD(ctx context.Context, l net.Listener) error {
	server := nbd.Server{Exports: nbdImages{i}, Hooks: i.nbdHooks(), Shares: i.nbd}
	return server.Serve(ctx, l)
}

// ServeISCSI serves the images, each as LUN 0 of the target of its name, until the context
// ends.
func (i *Images) ServeISCSI(ctx context.Context, l net.Listener) error {
	server := iscsi.Server{Targets: i, Hooks: i.iscsiHooks(), Shares: i.iscsi}
	return server.Serve(ctx, l)
}

// nbdImages are Images as package nbd knows them.
type nbdImages struct{ *Images }

// Lookup implements nbd.Exports.
func (i nbdImages) Lookup(ctx context.Context, _ *nbd.Peer, name string) (*nbd.Export, error) {
	image, err := i.Open(context.WithoutCancel(ctx), name)
	if err != nil {
		return nil, fmt.Errorf("%.80q: %w: %w", name, nbd.ErrUnknownExport, err)
	}
	d := imageDevice{image}
	return &nbd.Export{Name: name, Device: d, ReadOnly: true, Release: func() { _ = d.Close() }}, nil
}

// List implements nbd.Exports.
func (nbdImages) List(context.Context, *nbd.Peer) ([]nbd.Export, error) {
	return nil, nbd.ErrRefused
}

// Target implements iscsi.Targets.
func (i *Images) Target(ctx context.Context, name string) (*iscsi.Target, error) {
	served, err := i.target(name).use(context.WithoutCancel(ctx))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", iscsi.ErrNoTarget, err)
	}
	return served, nil
}

// target is the one of a name, which sessions share. It is forgotten when the last is over,
// or when its image could not be opened.
func (i *Images) target(name string) *openTarget {
	i.mu.Lock()
	defer i.mu.Unlock()
	if t := i.targets[name]; t != nil {
		return t
	}
	t := &openTarget{Target: Target{Name: name, LUNs: []Volume{{Name: name, Serial: serialOf(name), Open: i.disk(name)}}}}
	t.unused = func() { i.forget(t) }
	i.targets[name] = t
	return t
}

func (i *Images) forget(t *openTarget) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.targets[t.Name] == t {
		delete(i.targets, t.Name)
	}
}

// disk opens an image for a target.
func (i *Images) disk(name string) func(context.Context) (Disk, error) {
	return func(ctx context.Context) (Disk, error) {
		image, err := i.Open(ctx, name)
		if err != nil {
			return Disk{}, err
		}
		d := imageDevice{image}
		return Disk{Device: d, Release: func() { _ = d.Close() }}, nil
	}
}

// Names implements iscsi.Targets. Initiators that log in only to what they discovered go by
// the name of their target, so that they are told no more than they know.
func (*Images) Names(initiator string) []string {
	if !strings.HasPrefix(initiator, naming) {
		return nil
	}
	return []string{initiator}
}

// serialMost is how long the serial number of a disk is, in bytes.
const serialMost = 16

// serialOf is the serial number of an image: the end of its name, which is as if drawn.
func serialOf(name string) string { return name[max(0, len(name)-serialMost):] }

// TargetName is the name of the target that a sealed name stands for, SealedName that again;
// empty for the name of another target.
func TargetName(sealed string) string { return naming + sealed }

// SealedName is what a target's name stands for; empty for one of somebody else.
func SealedName(target string) string {
	sealed, ok := strings.CutPrefix(target, naming)
	if !ok {
		return ""
	}
	return sealed
}

// mounts are those under way, each with what was read.
type mounts struct {
	hooks ImageHooks
	all   sync.Map // session to *mounted; as many as there are sessions
}

type mounted struct {
	Mount
	read atomic.Int64
}

// begin notes one, of a session by what tells it from others.
func (m *mounts) begin(session any, name string, peer net.Addr) {
	one := &mounted{Mount: Mount{name, addrOf(peer)}}
	m.all.Store(session, one)
	m.hooks.Mounted(one.Mount)
}

func (m *mounts) count(session any, bytes int64) {
	if one, ok := m.all.Load(session); ok {
		one.(*mounted).read.Add(bytes)
	}
}

func (m *mounts) end(session any, why error) {
	if found, ok := m.all.LoadAndDelete(session); ok {
		one := found.(*mounted)
		m.hooks.Left(one.Mount, one.read.Load(), why)
	}
}

// addrOf is the IP address of a peer.
func addrOf(peer net.Addr) netip.Addr {
	p, err := netip.ParseAddrPort(peer.String())
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap()
}

func (i *Images) nbdHooks() nbd.Hooks {
	m := &mounts{hooks: i.Hooks}
	return nbd.Hooks{
		Open: func(s *nbd.Session) { m.begin(s, s.Export.Name, s.Peer.Addr) },
		Command: func(s *nbd.Session, c nbd.Command) {
			if c.Name == "read" && c.Number == 0 {
				m.count(s, int64(c.Length))
			}
		},
		Close: func(s *nbd.Session, err error) { m.end(s, err) },
	}
}

func (i *Images) iscsiHooks() iscsi.Hooks {
	m := &mounts{hooks: i.Hooks}
	return iscsi.Hooks{
		SessionStart: func(s iscsi.SessionInfo) {
			if s.Target != "" {
				m.begin(s.TSIH, s.Target, s.Remote)
			}
		},
		Command:    func(s *iscsi.SessionInfo, _ uint64, _, _ byte, in, _ int) { m.count(s.TSIH, int64(in)) },
		SessionEnd: func(s iscsi.SessionInfo, err error) { m.end(s.TSIH, err) },
	}
}
