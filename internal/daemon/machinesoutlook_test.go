package daemon

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/outlook"
)

// warnedOf is what was warned of since the last time.
func (m *machinesIn) warnedOf() (lines []string) {
	m.Helper()
	for line := range strings.Lines(m.told.String()) {
		if strings.HasPrefix(line, "warning: ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	m.told.mu.Lock()
	defer m.told.mu.Unlock()
	m.told.text.Reset()
	return lines
}

// After a change of the file its new rows are warned of, and the others not again.
func TestMachinesWarnedAgain(t *testing.T) {
	const first = "machines:\n  - {firmware: bios, boot: one}\n  - {firmware: uefi, arch: arm64, boot: one}\n"
	m := newMachinesIn(t, first)
	m.outlook = outlook.Outlook{Host: m.daemon.host}
	read, _ := m.read(t.Context())
	m.warn(read)
	if got := m.warnedOf(); len(got) != 1 || !strings.Contains(got[0], "machines.yaml:3: no machine that Spur has a way for can boot one: UEFI arm64: ") {
		t.Errorf("at the start: %q", got)
	}
	again := func(text string) []string {
		t.Helper()
		m.write("machines.yaml", text)
		if failed := m.reread(t.Context(), ""); failed != "" {
			t.Fatal(failed)
		}
		return m.warnedOf()
	}
	if got := again("# moved\n" + first); len(got) != 0 {
		t.Errorf("where nothing is new: %q", got)
	}
	if got := again(first + "  - {firmware: uefi, arch: x86, boot: two}\n"); len(got) != 1 || !strings.Contains(got[0], "machines.yaml:4: no machine that Spur has a way for can boot two: ") {
		t.Errorf("where one is new: %q", got)
	}
	again("machines:\n  - {mac: \"*\", boot: one}\n")
	if got := again(first); len(got) != 1 || !strings.Contains(got[0], "can boot one") {
		t.Errorf("where one is there again: %q", got)
	}
}
