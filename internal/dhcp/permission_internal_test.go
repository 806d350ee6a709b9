package dhcp

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestPermission(t *testing.T) {
	err := permission(fmt.Errorf("listen on interface eth0: %w", syscall.EPERM))
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "CAP_NET_RAW") {
		t.Errorf("got %v", err)
	}
	if err := permission(syscall.ENODEV); strings.Contains(err.Error(), "CAP_NET_RAW") {
		t.Errorf("got %v", err)
	}
}
