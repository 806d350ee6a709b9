package onlooker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/capture"
	"github.com/spurboot/spur/internal/record"
)

// captureAdvice says how a capture is made.
const captureAdvice = "capture on the server, all of it: tcpdump -i INTERFACE -w boot.pcap"

// File is what a file has of boots: a record of one, or a capture of whatever passed.
type File struct {
	Record  *record.Record   // nil for a capture
	Capture *capture.Capture // nil for a record
}

// ReadFile reads a record that a Spur has written, or a capture.
func ReadFile(path string) (File, error) {
	f, err := open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	beginning := make([]byte, 32)
	n, _ := f.ReadAt(beginning, 0)
	if record.Is(beginning[:n]) {
		r, err := record.Decode(f)
		return File{Record: &r}, advised(path, err, "name a record that Spur has written (--record), or a capture")
	}
	c, err := capture.Read(f)
	return File{Capture: c}, advised(path, err, captureAdvice)
}

func advised(path string, err error, remedy string) error {
	if err == nil {
		return nil
	}
	return advice.Wrap(fmt.Errorf("%s: %w", path, err), remedy)
}

// ReadRecord reads a record, or what a capture has of its first machine that asks
// to boot, or of the one that is named.
func ReadRecord(path string, only boot.MAC) (record.Record, error) {
	f, err := ReadFile(path)
	if err != nil {
		return record.Record{}, err
	}
	if f.Record != nil {
		return *f.Record, nil
	}
	for _, m := range f.Capture.Machines {
		if (only == boot.MAC{} || only == m.MAC) && Boots(Events(m)) {
			return recordOf(m), nil
		}
	}
	return record.Record{}, NoBoot(path, only)
}

// NoBoot is the error about a capture without a boot, or without one of the machine
// that is named.
func NoBoot(path string, only boot.MAC) error {
	who := "machine that asks to boot"
	if only != (boot.MAC{}) {
		who = "boot of " + only.String()
	}
	return advice.New(path+" has no "+who, captureAdvice)
}

// open opens a regular file.
func open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, advice.Wrap(err, "check its name")
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, advice.New(path+" is no file", "name a file that tcpdump or Wireshark has written")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, advice.Wrap(err, "run as a user that may read it")
	}
	return f, nil
}
