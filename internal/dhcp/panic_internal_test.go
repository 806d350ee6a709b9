package dhcp

import (
	"net"
	"strings"
	"testing"
	"time"
)

// Whatever a packet makes panic, the interface is heard on.
func TestAPanicDropsOnePacket(t *testing.T) {
	var told []string
	l := &Listener{hooks: Hooks{
		Malformed: func(string, net.HardwareAddr, error) { panic("thirteen") },
		Panicked: func(iface string, value any, stack []byte) {
			if !strings.Contains(string(stack), "TestAPanicDropsOnePacket") {
				t.Errorf("the stack is %s", stack)
			}
			told = append(told, iface+" "+value.(string))
		},
	}}
	s := &socket{}
	s.host.Store(&host{Interface: Interface{Name: "eth0"}})
	for range 2 {
		l.receive(s, []byte("no frame"), time.Now(), nil)
	}
	if len(told) != 2 || told[0] != "eth0 thirteen" {
		t.Errorf("told %q", told)
	}
}
