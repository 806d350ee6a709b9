package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/route"
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
	m.warn(t.Context(), read)
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
	if got := again(first + "  - {firmware: uefi, arch: [arm64, x86], boot: one}\n"); len(got) != 1 || !strings.Contains(got[0], "machines.yaml:4: no machine that Spur has a way for can boot one: ") {
		t.Errorf("where one is new whose trouble another had: %q", got)
	}
	again("machines:\n  - {mac: \"*\", boot: one}\n")
	if got := again(first); len(got) != 1 || !strings.Contains(got[0], "can boot one") {
		t.Errorf("where one is there again: %q", got)
	}
}

// Of many rows with the same trouble the first is warned of.
func TestMachinesWarnedOfFirstRow(t *testing.T) {
	text := "machines:\n"
	for n := range 3 {
		text += fmt.Sprintf("  - {mac: 52:54:00:00:00:%02x, firmware: uefi, boot: one, root-path: r%d}\n", n, n)
	}
	m := newMachinesIn(t, text)
	m.outlook = outlook.Outlook{Host: m.daemon.host}
	read, _ := m.read(t.Context())
	m.warn(t.Context(), read)
	if got := m.warnedOf(); len(got) != 1 || !strings.Contains(got[0], "machines.yaml:2: ") {
		t.Errorf("warned of %q", got)
	}
}

// signedRows is a file of machines with many targets that have one signed kernel.
func signedRows(t testing.TB, dir string, n int) string {
	t.Helper()
	kernel, err := lab.Unpacked("linux-image-cloud-amd64", "boot/vmlinuz-*")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(kernel, filepath.Join(dir, "vmlinuz")); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("machines:\n")
	for row := range n {
		fmt.Fprintf(&text, "  - {mac: 52:54:00:00:%02x:%02x, boot: vmlinuz, cmdline: hostname=n%d}\n", row>>8, row&255, row)
	}
	return text.String()
}

// A kernel is looked into once for all rows that boot it with texts of their own or are about
// other machines, and no row after the end of ctx.
func TestMachinesLookIntoEachFileOnce(t *testing.T) {
	m := newMachinesIn(t, machinesText)
	m.within = nil
	m.write("machines.yaml", signedRows(t, m.dir, 40)+"  - {firmware: uefi, boot: vmlinuz}\n  - {arch: arm64, boot: vmlinuz}\n")
	read, err := m.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks, then := 0, func() {}
	m.outlook = outlook.Outlook{Host: stubHost(), Identify: func(string) (route.Identity, error) {
		looks++
		then()
		return route.Identity{Faults: []string{"it is odd"}}, nil
	}}
	odd := func(all []rowTrouble) (n int) {
		for _, one := range all {
			if strings.Contains(one.why, "it is odd") {
				n++
			}
		}
		return n
	}
	if all := m.troubles(ctx, read); looks != 1 || odd(all) != 41 {
		t.Errorf("%d looks for %d rows: %v", looks, odd(all), all)
	}
	then = cancel
	if all := m.troubles(ctx, read); looks != 2 || odd(all) != 1 {
		t.Errorf("%d rows were looked at until the end", len(all))
	}
	if _, err := m.read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("read after the end: %v", err)
	}
}

// stubHost has what gives UEFI firmware a kernel by itself.
func stubHost() route.Host {
	var have route.Binaries
	for _, b := range route.FindLoader(boot.Stub).Builds {
		have = append(have, route.Binary{Build: b})
	}
	return route.Host{Loaders: have}
}
