package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestVersionNamesTheCommit: a bug report can name what was built, also where the
// toolchain recorded nothing.
func TestVersionNamesTheCommit(t *testing.T) {
	for _, tt := range []struct{ recorded, commit, want string }{
		{"(devel)", "088b331", "(devel 088b331)"},
		{"", "088b331", "(devel 088b331)"},
		{"v1.2.0", "088b331", "v1.2.0"},
		{"(devel)", "", "(devel)"},
		{"", "", "(unknown version)"},
	} {
		if got := versionOf(tt.recorded, tt.commit); got != tt.want {
			t.Errorf("%q, commit %q: %q, want %q", tt.recorded, tt.commit, got, tt.want)
		}
	}
}

// TestMakeNamesTheCommit: make build hands the commit of a clone to the linker, and none
// where git knows of none.
func TestMakeNamesTheCommit(t *testing.T) {
	plan, err := exec.Command("make", "--no-print-directory", "-n", "-C", "../..", "build").CombinedOutput()
	commit, _ := exec.Command("git", "describe", "--always", "--dirty").Output()
	if want := "-X main.commit=" + strings.TrimSpace(string(commit)) + `"`; err != nil || !strings.Contains(string(plan), want) {
		t.Errorf("make build without %s (%v):\n%s", want, err, plan)
	}
}
