package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/advice"
)

// told is the text of an error. What the system calls "open NAME: no such file or
// directory" and "dial tcp ADDRESS: connect: connection refused" is told in our words,
// whoever met with it.
func told(err error) string {
	err = advice.InWords(err)
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
