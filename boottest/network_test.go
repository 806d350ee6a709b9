package boottest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spurboot/spur/internal/lab"
)

func TestTwoMachinesAtOnce(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	spur := w.boot()
	old := w.machine("old", lab.BIOS, lab.Port{PlainROM: true})
	new := w.machine("new", lab.UEFI, lab.Port{})
	w.up(old, spur)
	w.up(new, spur)
}

func TestLossyWire(t *testing.T) {
	t.Parallel()
	for _, f := range firmwares {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(t)
			w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
			spur := w.boot()
			port := f.port
			port.Loss = lab.Loss{Share: 0.05, Seed: 7}
			w.up(w.machine("machine", f.firmware, port), spur)
		})
	}
}

// Spur is killed while a machine fetches its kernel, and started again: the
// machine goes on by itself, with the names that it was given before.
func TestRestartInTheMiddle(t *testing.T) {
	w := newWorld(t)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	data := t.TempDir()
	spur := w.boot("--data", data)
	m := w.machine("machine", lab.UEFI, lab.Port{Filters: []lab.Filter{&slowWire{}}})
	w.amidKernel(spur, m)
	w.check(spur.Stop())
	time.Sleep(3 * time.Second) // the machine notices, and finds nobody
	w.up(m, w.boot("--data", data))
}

// amidKernel waits until a machine on a slow wire is in the middle of fetching
// its kernel.
func (w *world) amidKernel(spur *lab.Process, m *lab.Machine) {
	w.Helper()
	w.told(spur, m, `"file":"boot\.ipxe".*"bytes"`)
	time.Sleep(2 * time.Second)
	if strings.Contains(spur.String(), `"file":"vmlinuz`) {
		w.Fatal("the kernel is through already: the wire is not slow enough")
	}
}

// slowWire makes each full frame to the machine take a moment, so that a
// kernel is a few seconds on its way.
type slowWire struct{}

func (*slowWire) Frame(way lab.Direction, frame []byte) []byte {
	if way == lab.FromWire && len(frame) > 1000 {
		time.Sleep(500 * time.Microsecond)
	}
	return frame
}

// between moves Spur to a host on two wires with a DHCP server on each, and
// returns the second wire.
func (w *world) between() *lab.Wire {
	w.Helper()
	second, err := w.lab.Wire("second")
	w.check(err)
	w.check(second.Router())
	w.home, err = w.lab.Host("between", lab.On(w.wire, "10.77.0.11/24"), lab.On(second, "10.77.1.11/24"))
	w.check(err)
	w.foreignDHCP(w.otherHost("dhcp", dhcpAddr))
	h, err := w.lab.Host("dhcp2", lab.On(second, "10.77.1.2/24"))
	w.check(err)
	_, err = lab.DNSMasq{Host: h, Range: "10.77.1.50,10.77.1.99,1h"}.Start(w.ctx)
	w.check(err)
	return second
}

// With --interface Spur hears and serves that one alone.
func TestOneInterface(t *testing.T) {
	w := newWorld(t)
	second := w.between()
	spur := w.boot("--interface", "eth1")
	here := w.machine("here", lab.BIOS, lab.Port{})
	there, err := w.lab.Boot("there", lab.Hardware{Firmware: lab.UEFI, Ports: []lab.Port{{Wire: second}}})
	w.check(err)
	w.up(there, spur)
	if strings.Contains(spur.String(), here.MAC().String()) {
		t.Error("Spur heard a machine on an interface that is not its own")
	}
	stranger := w.otherHost("stranger", "10.77.0.20")
	w.check(stranger.AddRoute("10.77.1.0/24", "10.77.0.11"))
	for _, url := range []string{"http://10.77.0.11/", "http://10.77.1.11/"} {
		if stranger.Command(w.ctx, "curl", "-s", "--max-time", "3", url).Run() == nil {
			t.Errorf("%s is served to the other wire", url)
		}
	}
}

func TestTwoInterfaces(t *testing.T) {
	w := newWorld(t)
	second := w.between()
	spur := w.boot()
	here := w.machine("here", lab.BIOS, lab.Port{})
	there, err := w.lab.Boot("there", lab.Hardware{Firmware: lab.BIOS, Ports: []lab.Port{{Wire: second}}})
	w.check(err)
	w.up(here, spur)
	w.up(there, spur)
	for m, address := range map[*lab.Machine]string{here: "http://10.77.0.11/", there: "http://10.77.1.11/"} {
		if !strings.Contains(m.Serial().String(), "spur.up="+address) {
			t.Errorf("%s was not sent to %s", m.Name(), address)
		}
	}
}

// farWire is a wire behind a router that relays DHCP to the given servers, and
// adds option 82.
func (w *world) farWire(servers ...string) *lab.Wire {
	w.Helper()
	far, err := w.lab.Wire("far")
	w.check(err)
	w.check(far.Router())
	router, err := w.lab.Host("router", lab.On(w.wire, "10.77.0.3/24"), lab.On(far, "10.78.0.1/24"))
	w.check(err)
	w.check(router.Forward())
	relay, err := router.Start("dhcrelay", append([]string{"-4", "-d", "-a", "-id", "eth1", "-iu", "eth0"}, servers...)...)
	w.check(err)
	_, err = relay.WaitFor(w.ctx, "Sending on")
	w.check(err)
	w.check(w.home.AddRoute("10.78.0.0/24", "10.77.0.3"))
	return far
}

// A machine behind a relay gets its address from the relayed DHCP server, and
// its boot offer from Spur, to which the relay sends its requests as well.
func TestRelayBesideDHCPServer(t *testing.T) {
	w := newWorld(t)
	far := w.farWire(homeAddr, dhcpAddr)
	other := w.otherHost("dhcp", dhcpAddr)
	w.check(other.AddRoute("10.78.0.0/24", "10.77.0.3"))
	_, err := lab.DNSMasq{Host: other, Range: "10.78.0.50,10.78.0.99,255.255.255.0,1h",
		Args: []string{"--dhcp-option=3,10.78.0.1"}}.Start(w.ctx)
	w.check(err)
	spur := w.boot()
	m, err := w.lab.Boot("machine", lab.Hardware{Firmware: lab.UEFI, Ports: []lab.Port{{Wire: far}}})
	w.check(err)
	w.up(m, spur)
}

// A machine behind a relay gets its address from the pool of its own network,
// and its files through the router.
func TestRelay(t *testing.T) {
	w := newWorld(t)
	far := w.farWire(homeAddr)
	spur := w.boot("--dhcp", "server", "--pool", "10.77.0.50-10.77.0.99",
		"--pool", "10.78.0.50-10.78.0.99/24", "--router", "10.78.0.1")
	m, err := w.lab.Boot("machine", lab.Hardware{Firmware: lab.UEFI, Ports: []lab.Port{{Wire: far}}})
	w.check(err)
	w.up(m, spur)
	if at, err := m.WaitFor(w.ctx, lab.Up); err != nil || !strings.HasPrefix(at.Groups[2], "10.78.0.") {
		t.Errorf("the machine behind the relay has the address %v, %v", at.Groups, err)
	}
}

// apiServer answers what each machine boots, as somebody's own server would.
func (w *world) apiServer(h *lab.Host, answer http.HandlerFunc) {
	w.Helper()
	var ln net.Listener
	w.check(h.Do(func() (err error) {
		ln, err = net.Listen("tcp", dhcpAddr+":8000")
		return err
	}))
	server := &http.Server{Handler: answer, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(ln)
	}()
	w.Cleanup(func() {
		_ = server.Shutdown(context.WithoutCancel(w.ctx))
		<-done
	})
}

// An API server takes 10 s for one machine: the other boots meanwhile.
func TestSlowAPI(t *testing.T) {
	w := newWorld(t)
	other := w.otherHost("other", dhcpAddr)
	w.foreignDHCP(other)
	late := net.HardwareAddr{0x52, 0x54, 0x00, 0x99, 0x00, 0x01}
	files := http.FileServer(http.Dir("/"))
	w.apiServer(other, func(rw http.ResponseWriter, r *http.Request) {
		mac, ask := strings.CutPrefix(r.URL.Path, "/v1/boot/")
		if !ask {
			files.ServeHTTP(rw, r)
			return
		}
		if mac == late.String() {
			select {
			case <-time.After(10 * time.Second):
			case <-r.Context().Done():
			}
		}
		// Relative URLs, as Pixiecore resolves them, a file of Spur's host,
		// and a URL in the command line.
		fmt.Fprintf(rw, `{"kernel": %q, "initrd": [%q, %q, %q],
			"cmdline": "console=ttyS0 spur.note={{ URL \"%s\" }} spur.up={{ UP }}", "unknown": 1}`,
			built.kernel, "http://"+dhcpAddr+":8000"+built.initrd, "file://"+built.extra1, built.extra2, built.note)
	})
	spur := w.spur("api", "http://"+dhcpAddr+":8000", "--allow-files", filepath.Dir(built.extra1))
	slow := w.machine("slow", lab.BIOS, lab.Port{MAC: late})
	quick := w.machine("quick", lab.BIOS, lab.Port{})
	w.told(spur, slow, `"step":"asked"`)
	w.up(quick, spur)
	w.told(spur, slow, `"step":"no-answer"`)
}
