package boot

import (
	"strings"
	"testing"
)

func TestParseArch(t *testing.T) {
	for name, want := range map[string]Arch{
		"x64": X64, "amd64": X64, "x86_64": X64, "AMD64": X64, "i386": X86, "x86": X86, "ia32": X86, "arm64": ARM64, "aarch64": ARM64,
		"armhf": ARM, "riscv64": RISCV64, "loongarch64": LOONG64, "loong64": LOONG64,
	} {
		if got, err := ParseArch(name); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "mips", "arm64 "} {
		if _, err := ParseArch(name); err == nil || !strings.Contains(err.Error(), "x86, x64, arm, arm64") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// No name stands for two architectures.
func TestArchNamesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, names := range archNames() {
		for _, name := range names {
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
	}
}
