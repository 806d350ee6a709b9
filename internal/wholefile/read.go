package wholefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// pipePatience is how long a pipe's writer may take, a shell's <(command).
const pipePatience = 5 * time.Second

// Read reads a file of at most so many bytes. What is no file is refused, but for a pipe
// into which somebody writes: nothing is waited for without end.
func Read(path string, most int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	switch kind := info.Mode().Type(); kind {
	case 0:
	case fs.ModeNamedPipe:
		err = f.SetReadDeadline(time.Now().Add(pipePatience))
	default:
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) || err == nil && len(content) == 0 && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is a pipe, and nobody writes into it", path)
	case err != nil:
		return nil, err
	case int64(len(content)) > most:
		return nil, fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return content, nil
}
