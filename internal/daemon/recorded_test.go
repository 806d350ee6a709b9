package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/route"
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
		golden(t, strings.TrimSuffix(file, ".jsonl")+".txt", out)
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
		return fmt.Sprint(answers, " ", errors.Is(err, ErrWouldFail), " ", strings.Contains(out, "It failed then:"))
	}
	for _, file := range files {
		to := filepath.Join(t.TempDir(), "anonymous.jsonl")
		if err := Anonymize(file, to, boot.MAC{}); err != nil {
			t.Fatal(err)
		}
		if was, now := end(file), end(to); was != now {
			out, err := replayed(t, to)
			t.Errorf("%s ended with %s, without names with %s:\n%s%v", file, was, now, out, err)
		}
	}
}

// The names of all files that loaders are served by stay in an anonymous record.
func TestLoadersStayInRecords(t *testing.T) {
	names := []string{route.IPXEScript, route.GPXEScript, route.GRUBConfig, route.LegacyConfig}
	for _, l := range route.Loaders() {
		for _, b := range l.Builds {
			names = append(names, b.File)
		}
		for _, c := range l.Companions {
			names = append(names, c.File)
		}
	}
	for _, name := range names {
		r := record.Record{Entries: []record.Entry{{Event: &record.Event{File: name}}}}
		if got := record.Anonymous(r).Entries[0].Event.File; got != name {
			t.Errorf("%s became %s", name, got)
		}
	}
}

// A record is explained as a capture is.
func TestExplainRecord(t *testing.T) {
	var out bytes.Buffer
	if err := ExplainCapture(&out, "testdata/recorded/uefi-x64-without-ipxe.jsonl", CaptureQuestion{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Spur → the machine  OFFER", "no-dhcp-server: the machine was offered boot.efi"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
