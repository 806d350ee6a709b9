//go:build !linux

package httpd

import (
	"errors"
	"net"
	"os"
)

// threads is for Linux.
type threads struct{}

var errNoSendfile = errors.New("no sendfile")

func (*threads) sendfile(net.Conn, *os.File, int64) (int64, error) { return 0, errNoSendfile }

func cork(net.Conn, bool) {}
