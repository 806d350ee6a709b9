package daemon

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
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
