package timeline

import (
	"strings"
	"testing"
)

func noAnswer(script string) Event {
	return Event{Kind: NoAnswer, Name: script, Reason: "the boot API at http://api/v1 answers 500", Hint: "look at its log"}
}

// A failure of whom we ask is told as one: a line, then a verdict. It is over
// once there is an answer.
func TestNoAnswer(t *testing.T) {
	a := fold([]Event{at(0, asks(rom)), at(0, noAnswer("")), at(4, asks(rom)), at(4, noAnswer(""))})
	if s := a.Steps[len(a.Steps)-1]; s.Text != "gets no answer: the boot API at http://api/v1 answers 500" || s.Count != 2 {
		t.Errorf("told %q %d times", s.Text, s.Count)
	}
	if v, ok := Judge(a, at(11, Event{}).Time); ok {
		t.Errorf("a verdict after 11 s: %+v", v)
	}
	v, ok := Judge(a, at(12, Event{}).Time)
	if !ok || v.Cause != NothingToBoot || !strings.Contains(v.Sentence, "answers 500") || v.Hint != "look at its log" || v.Blames != "" || v.Info {
		t.Errorf("verdict %+v, %v", v, ok)
	}
	a, _ = a.Next(at(12, offers("snponly.efi", "tftp", "snp")))
	if v, ok := Judge(a, at(20, Event{}).Time); ok {
		t.Errorf("once there is an answer: %+v", v)
	}
}

// A script that says so on the screen is no script that was fetched: no verdict
// waits for the kernel that it doesn't name, or blames the loader.
func TestScriptWithoutABoot(t *testing.T) {
	before := []Event{
		at(0, asks(rom)), at(0, offers("snponly.efi", "tftp", "snp")), at(1, ends(RoleLoader, "snponly.efi", 236544)),
		at(2, asks(ipxe)), at(2, offers("boot.ipxe", "http", "ipxe-http")), at(3, chooses(router)),
	}
	a := fold(append(before[:6:6], at(4, noAnswer("boot.ipxe")), at(14, noAnswer("boot.ipxe"))))
	if s := a.Steps[len(a.Steps)-1]; !strings.HasPrefix(s.Text, "script boot.ipxe has nothing to boot: the boot API") || s.Count != 2 {
		t.Errorf("told %q %d times", s.Text, s.Count)
	}
	v, ok := Judge(a, at(100, Event{}).Time)
	if !ok || v.Cause != NothingToBoot || !strings.Contains(v.Sentence, "iPXE came for its script") || v.Hint != "look at its log" {
		t.Errorf("verdict %+v, %v", v, ok)
	}

	left := fold(append(before[:6:6], at(4, Event{Kind: Ignored, Name: "boot.ipxe", Reason: "booted once already"})))
	if s := left.Steps[len(left.Steps)-1]; s.Text != "left alone: booted once already" {
		t.Errorf("told %q", s.Text)
	}
	if v, ok := Judge(left, at(100, Event{}).Time); ok {
		t.Errorf("a machine that is left alone: %+v", v)
	}
	for _, e := range []Event{at(24, ends(RoleScript, "boot.ipxe", 400)), at(25, starts(RoleKernel, "vmlinuz")), at(26, ends(RoleKernel, "vmlinuz", 8<<20))} {
		a, _ = a.Next(e)
	}
	if v, ok := Judge(a, at(30, Event{}).Time); ok {
		t.Errorf("once there is a script: %+v", v)
	}
}
