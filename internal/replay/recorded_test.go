package replay_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
	"github.com/spurboot/spur/internal/replay"
)

// Each machine that somebody has sent the record of is answered as its file says:
// copy a record into testdata/recorded, and write the file with -update.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/recorded/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no records: %v", err)
	}
	for _, file := range files {
		out, err := replayed(t, file)
		if err != nil {
			out += "error: " + err.Error() + "\n"
		}
		golden.File(t, strings.TrimSuffix(file, ".jsonl")+".txt", out)
	}
}

// A record without names ends as with them.
func TestRecordedAnonymous(t *testing.T) {
	files, err := filepath.Glob("testdata/recorded/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no records: %v", err)
	}
	end := func(file string) string {
		out, err := replayed(t, file)
		answers := strings.Count(out, "answered as it was")
		return fmt.Sprint(answers, " ", errors.Is(err, replay.ErrWouldFail), " ", strings.Contains(out, "It failed then:"))
	}
	for _, file := range files {
		to := filepath.Join(t.TempDir(), filepath.Base(file))
		if err := replay.Anonymize(file, to, boot.MAC{}); err != nil {
			t.Fatal(err)
		}
		if was, now := end(file), end(to); was != now {
			out, err := replayed(t, to)
			t.Errorf("%s ended with %s, without names with %s:\n%s%v", file, was, now, out, err)
		}
	}
}
