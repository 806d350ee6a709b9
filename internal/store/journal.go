package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
)

// journal is where a store is written to; nil forgets everything. It has two
// files, of which one is in use. Both stay open, so that the user whom Spur
// becomes can go on in the other one, in a folder that isn't that user's.
type journal struct {
	contents             // of the file in use, when it was begun or read
	files    [2]*os.File // the one in use first
	fault    error       // what is on the disk isn't known
}

// begin goes on behind what was read from the file in use.
func (j *journal) begin() error {
	if j.end == 0 {
		return j.rewrite(j.revision, j.records)
	}
	// A process that was killed may not have come to its last fsync.
	if err := errors.Join(j.files[0].Truncate(j.end), j.files[0].Sync()); err != nil {
		return err
	}
	return j.files[1].Truncate(0)
}

// write makes changes durable.
func (j *journal) write(revision int64, changes map[string]stored) error {
	if j == nil {
		return nil
	}
	if j.fault != nil {
		return j.fault
	}
	f, b := j.files[0], j.frame(revision, changes)
	if _, err := f.WriteAt(b, j.end); err != nil {
		_ = f.Truncate(j.end) // what stays would be written over
		return err
	}
	j.passed(len(b))
	if err := f.Sync(); err != nil { // The kernel may take for written what isn't.
		j.fault = fmt.Errorf("the store can't be written any more, look at its disk and restart spur: %w", err)
	}
	return j.fault
}

// compact leaves behind what is of no use any more, once that may be most of the
// file. Without room for another one, this one is as good as before.
func (j *journal) compact(revision int64, records map[string]stored) {
	if j != nil && j.end > j.grown && j.rewrite(revision, records) != nil {
		j.grown = j.end + slack
	}
}

// rewrite begins the other file, and empties this one once that is durable. Where
// a crash leaves both, the one with the later revision has everything.
func (j *journal) rewrite(revision int64, records map[string]stored) error {
	old, other := j.files[0], j.files[1]
	next := contents{mark: version + rand.Text(), revision: revision, records: records}
	b := next.frame(revision, records)
	next.passed(len(b))
	_, err := other.WriteAt(b, 0)
	if err == nil {
		err = other.Sync()
	}
	if err != nil {
		return errors.Join(err, other.Truncate(0))
	}
	j.contents, j.files = next, [2]*os.File{other, old}
	return old.Truncate(0)
}

// close writes a frame without records: see read. What was acknowledged is durable
// without it.
func (j *journal) close(revision int64) error {
	if j == nil {
		return nil
	}
	_ = j.write(revision, nil)
	return errors.Join(j.fault, j.closeFiles())
}

func (j *journal) closeFiles() error { return errors.Join(j.files[0].Close(), j.files[1].Close()) }
