package nic

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestPermission(t *testing.T) {
	err := Permission(fmt.Errorf("listen on interface eth0: %w", syscall.EPERM))
	if !errors.Is(err, os.ErrPermission) || err.Error() != "no permission to listen on interface eth0" {
		t.Errorf("got %v", err)
	}
	if err := Permission(syscall.ENODEV); strings.Contains(err.Error(), "permission") {
		t.Errorf("got %v", err)
	}
}
