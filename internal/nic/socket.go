package nic

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Control has f set options of a socket.
func Control(c syscall.RawConn, f func(fd int) error) error {
	var inner error
	if err := c.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// Permission says of an error of opening a socket that it is for lack of rights, if it is.
func Permission(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("no permission to %w", err)
	}
	return err
}
