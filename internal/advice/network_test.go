package advice_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/spurboot/spur/internal/advice"
)

// What package net says of a server that isn't reached is told in words, within whatever
// was said around it.
func TestInWords(t *testing.T) {
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 77), Port: 80}, Err: err}
	}
	system := func(errno syscall.Errno) error { return dial(os.NewSyscallError("connect", errno)) }
	unread := "read udp 192.0.2.1:36112->192.0.2.53:53: read: connection refused"
	for want, err := range map[string]error{
		"no server runs at 192.0.2.77:80":                           system(syscall.ECONNREFUSED),
		"no host answers at 192.0.2.77":                             system(syscall.EHOSTUNREACH),
		"no route leads to 192.0.2.77":                              system(syscall.ENETUNREACH),
		"there is no name nohost.example":                           &net.DNSError{Err: "no such host", Name: "nohost.example", Server: "192.0.2.53:53", IsNotFound: true},
		"the name server 192.0.2.53 doesn't answer about a.example": &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: unread, Name: "a.example", Server: "192.0.2.53:53"}},
		"the name server 192.0.2.53 fails at a.example":             &net.DNSError{Err: "server misbehaving", Name: "a.example", Server: "192.0.2.53:53"},
		"no name server answers about a.example":                    &net.DNSError{Err: "Temporary failure in name resolution", Name: "a.example", IsTemporary: true},
		"something else":                                            errors.New("something else"),
		"open x: file does not exist":                               fmt.Errorf("open x: %w", os.ErrNotExist),
	} {
		got := advice.InWords(fmt.Errorf("fetch it: %w, so", err))
		if got.Error() != "fetch it: "+want+", so" || !errors.Is(got, err) {
			t.Errorf("%q, not %q", got, want)
		}
		if network := !strings.Contains(want, "else") && !strings.Contains(want, "open x"); network != (advice.Of(got) != "") {
			t.Errorf("%q: advice %q", want, advice.Of(got))
		}
	}
	if own := advice.InWords(advice.Wrap(system(syscall.EHOSTUNREACH), "do that")); advice.Of(own) != "do that" {
		t.Errorf("%q", advice.Of(own))
	}
}
