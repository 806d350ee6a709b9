package dhcp_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/spurboot/spur/internal/dhcp"
)

// Two listeners on one interface would answer every client twice; on different
// ones they do well beside each other, and neither takes the other for a DHCP
// server.
func TestOneListenerForAnInterface(t *testing.T) {
	first, second := connect(t, newHost(t)), lonely(t)
	l := listen(t, nil, first)
	var locked *dhcp.LockedError
	if _, err := dhcp.Listen([]dhcp.Interface{first}, dhcp.Hooks{}); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("a second listener: %v", err)
	}
	other := listen(t, nil, second)
	if l.Port67Taken || other.Port67Taken || other.Port4011Taken {
		t.Error("a listener takes another one for a DHCP server")
	}
	if err := l.Set(nil); err != nil {
		t.Fatal(err)
	}
	again := listen(t, nil, first)
	if again.Port67Taken {
		t.Error("the port is taken by listeners only")
	}
}

// Whoever may not listen to DHCP can't keep others from it.
func TestLockOfAStranger(t *testing.T) {
	i := lonely(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=@spur-dhcp-%d", squats, i.Index))
	said := launch(t, cmd)
	said.says(t, "squats")
	listen(t, nil, i)
}

// squats names the abstract socket that the process of a test takes.
const squats = "SPUR_DHCP_TEST_SQUATS"

func squat(name string) {
	if _, err := net.Listen("unix", name); err == nil {
		os.Stdout.WriteString("squats\n")
	}
	select {}
}

// lonely is an interface that nobody is on.
func lonely(t testing.TB) dhcp.Interface {
	t.Helper()
	sh(t, "ip link add spur1 type veth peer name spur2; ip link set spur2 up; ip addr add 198.51.100.1/24 dev spur1; ip link set spur1 up")
	t.Cleanup(func() { sh(t, "ip link del spur1") })
	return lookup(t, "spur1")[0]
}
