package machines

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/record"
)

// Failure is the last boot of a machine that failed, as its record has it.
type Failure struct {
	Began time.Time `json:"began"`
	// Cause and Seen are the verdict on it; empty where the record can't be read.
	Cause string `json:"cause,omitempty"`
	Seen  string `json:"seen,omitempty"`
}

// FailedDir is where failed boots are kept without --record.
func FailedDir(data string) string { return filepath.Join(data, "failed") }

// records are the records in the folder data, by machine, the oldest first.
func records(data string) (map[boot.MAC][]string, error) {
	entries, err := os.ReadDir(FailedDir(data))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(err)
	}
	names := map[boot.MAC][]string{}
	for _, e := range entries { // by their names, which is the order in which the boots began
		if mac, _, ok := record.ParseName(e.Name()); ok {
			names[mac] = append(names[mac], e.Name())
		}
	}
	return names, nil
}

// lastFailures are the last boots of machines of which the folder data has records.
func lastFailures(data string) (map[boot.MAC]Failure, error) {
	all, err := records(data)
	if err != nil {
		return nil, err
	}
	failures := map[boot.MAC]Failure{}
	for mac, names := range all {
		name := names[len(names)-1]
		_, began, _ := record.ParseName(name)
		f := Failure{Began: began}
		if v := verdictIn(filepath.Join(FailedDir(data), name)); v != nil {
			f.Cause, f.Seen = v.Cause, v.Sentence
		}
		failures[mac] = f
	}
	return failures, nil
}

// verdictIn is the verdict of a record; nil where it can't be read.
func verdictIn(path string) *record.Verdict {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	defer f.Close()
	r, err := record.Decode(f)
	if err != nil {
		return nil
	}
	return r.Verdict()
}
