package main

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// told is the text of an error. What the system calls "open NAME: no such file or
// directory" and "dial tcp ADDRESS: connect: connection refused" is told in our words,
// whoever met with it.
func told(err error) string {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" && dial.Addr != nil && errors.Is(dial, syscall.ECONNREFUSED) {
		return strings.Replace(err.Error(), dial.Error(), "no server runs at "+dial.Addr.String(), 1)
	}
	var path *fs.PathError
	if !errors.As(err, &path) || !errors.Is(path, fs.ErrNotExist) {
		return err.Error()
	}
	missing := "there is no file " + path.Path
	if dir := filepath.Dir(path.Path); isMissing(dir) && dir != "." && !strings.HasPrefix(path.Op, "stat") {
		missing = "there is no folder " + dir
	}
	return strings.Replace(err.Error(), path.Error(), missing, 1)
}

func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}
