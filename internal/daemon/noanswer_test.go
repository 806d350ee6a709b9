package daemon

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/answer"
	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/dhcp"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/timeline"
	"github.com/spurboot/spur/internal/tree"
	"github.com/spurboot/spur/tftp"
)

// fails is a resolver without an answer.
type fails struct{ err error }

func (f fails) Resolve(context.Context, boot.Client) (boot.Payload, error) {
	return boot.Payload{}, f.err
}

// heard is the last step of a machine's story, once it is of one of the kinds.
func heard(t *testing.T, tl *timeline.Timeline, mac boot.MAC, kinds ...timeline.Kind) timeline.Step {
	t.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(time.Millisecond) {
		attempts := tl.Attempts(mac)
		if len(attempts) == 0 {
			continue
		}
		steps := attempts[len(attempts)-1].Steps
		for _, k := range kinds {
			if n := len(steps); n > 0 && steps[n-1].Kind == k {
				return steps[n-1]
			}
		}
	}
	t.Fatalf("the story has none of %v: %+v", kinds, tl.Attempts(mac))
	return timeline.Step{}
}

// What Spur puts on a machine's screen instead of a boot is in the story too,
// over every protocol: a failure as one, a decision as one.
func TestTheStoryTellsWhatTheScreenSays(t *testing.T) {
	broken := advice.New("the boot API at http://api/v1 answers 500", "look at its log")
	for name, test := range map[string]struct {
		err        error
		kind       timeline.Kind
		dhcp, file string
	}{
		"failure":  {broken, timeline.NoAnswer, "gets no answer: the boot API at", "script boot.ipxe has nothing to boot: the boot API at"},
		"decision": {fmt.Errorf("%w: not in --only", boot.ErrIgnore), timeline.Ignored, "left alone: not for us", "left alone: not for us"},
		"stopping": {resolver.ErrClosed, timeline.Ignored, "left alone: Spur is stopping", "left alone: Spur is stopping"},
	} {
		t.Run(name, func(t *testing.T) {
			o := &answer.Offers4{Offers: newOffers(t, fails{test.err}), Send: func(dhcp.Packet, *dhcpv4.DHCPv4) error {
				t.Error("it is answered")
				return nil
			}}
			f := &files{tree: o.Tree, events: o.Events, clients: o.Clients, booted: func(boot.MAC) { t.Error("it counts as booted") }}
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			defer running.Wait()
			defer cancel()
			s := serveFiles(ctx, t, &running, f, newNotices(Config{Out: io.Discard}))
			path := func(c boot.Client) string { return o.Tree.Path(c, route.Configured(boot.IPXE, route.HTTP)) }
			byDHCP, byHTTP, byTFTP := answertest.Machine(1, boot.UEFI, boot.IPXE), answertest.Machine(2, boot.UEFI, boot.IPXE), answertest.Machine(3, boot.UEFI, boot.IPXE)
			o.Handle(ctx, scriptRequest(byDHCP))
			o.Wait()
			if err := s.get(t, path(byHTTP)); err != nil {
				t.Error(err)
			}
			if _, err := new(tftp.Client).Get(ctx, s.tftp, path(byTFTP), io.Discard); err != nil {
				t.Error(err)
			}
			for c, want := range map[boot.Client]string{byDHCP: test.dhcp, byHTTP: test.file, byTFTP: test.file} {
				if step := heard(t, o.Events, c.MAC, test.kind); !strings.HasPrefix(step.Text, want) {
					t.Errorf("the story says %q, want %q", step.Text, want)
				}
				a := o.Events.Attempts(c.MAC)[0]
				v, stalled := timeline.Judge(a, time.Now().Add(time.Minute))
				if stalled != (test.kind == timeline.NoAnswer) || stalled && (v.Cause != timeline.NothingToBoot || v.Hint != "look at its log") {
					t.Errorf("the verdict is %+v, %v", v, stalled)
				}
			}
		})
	}
}

// The page that says that a file isn't there is no part of the file.
func TestAnErrorPageIsNoPartOfTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "vmlinuz")
	if err := os.WriteFile(path, make([]byte, 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	p := boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: path}}}
	o := newOffers(t, resolver.Static{Payload: p})
	o.Tree.Sources.Local = tree.NamedFiles(p.Files())
	f := &files{tree: o.Tree, events: o.Events, clients: o.Clients, booted: func(boot.MAC) {}}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	s := serveFiles(ctx, t, &running, f, newNotices(Config{Out: io.Discard}))
	for n, via := range []route.Via{route.HTTP, route.TFTP} {
		c := answertest.Machine(byte(n), boot.UEFI, boot.IPXE)
		urls := o.Tree.URLs(c, route.Configured(boot.IPXE, route.HTTP), p, tree.Asker{Via: route.HTTP, Server: netip.MustParseAddr("10.0.0.1")})
		file := strings.TrimPrefix(urls.Kernel, "http://10.0.0.1/")
		if err := os.Remove(path); err != nil && n == 0 {
			t.Fatal(err)
		}
		if via == route.HTTP {
			if err := s.get(t, file); err != nil {
				t.Error(err)
			}
		} else if _, err := new(tftp.Client).Get(ctx, s.tftp, file, io.Discard); err == nil {
			t.Error("the file is there")
		}
		if step := heard(t, o.Events, c.MAC, timeline.FetchFailed); step.Bytes != 0 || !strings.HasPrefix(step.Text, "asks for kernel vmlinuz, which isn't there: ") {
			t.Errorf("%s: the story says %q after %d bytes", via, step.Text, step.Bytes)
		}
	}
}
