package advice

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// reworded is an error in other words.
type reworded struct {
	error
	text string
}

func (r reworded) Error() string { return r.text }
func (r reworded) Unwrap() error { return r.error }

// InWords is an error with what it has of package net, that a server wasn't reached or its name
// not found, in words, with what to do unless it says that itself; others are as they were.
func InWords(err error) error {
	var name *net.DNSError
	var dial *net.OpError
	var raw error
	var said, remedy string
	dialed := errors.As(err, &dial) && dial.Op == "dial"
	switch {
	case errors.As(err, &name):
		raw, said, remedy = name, unnamed(name), "check the host in the URL, and the name servers of this one (/etc/resolv.conf)"
	case dialed && dial.Addr != nil:
		raw = dial
		said, remedy = unreached(dial)
	}
	if said == "" {
		return err
	}
	text := err.Error()
	if dialed {
		text = strings.Replace(text, dial.Error(), said, 1)
	}
	return Or(reworded{err, strings.Replace(text, raw.Error(), said, 1)}, remedy)
}

// unnamed says why a name led to no address.
func unnamed(e *net.DNSError) string {
	server, _, err := net.SplitHostPort(e.Server)
	switch {
	case e.IsNotFound:
		return "there is no name " + e.Name
	case err != nil:
		return "no name server answers about " + e.Name
	case strings.Contains(e.Err, "misbehaving"):
		return fmt.Sprintf("the name server %s fails at %s", server, e.Name)
	}
	return fmt.Sprintf("the name server %s doesn't answer about %s", server, e.Name)
}

// unreached says why no connection came about, and what to do; "" for other reasons.
func unreached(e *net.OpError) (said, remedy string) {
	host, _, err := net.SplitHostPort(e.Addr.String())
	switch {
	case err != nil:
		return "", ""
	case errors.Is(e, syscall.ECONNREFUSED):
		return "no server runs at " + e.Addr.String(), "start the server, or check the host and the port in the URL"
	case errors.Is(e, syscall.ENETUNREACH):
		return "no route leads to " + host, "check the host in the URL, and the routes of this one: ip route get " + host
	case errors.Is(e, syscall.EHOSTUNREACH), e.Timeout():
		return "no host answers at " + host, "check the host in the URL, and that it is switched on: ping " + host
	}
	return "", ""
}
