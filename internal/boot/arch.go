package boot

import (
	"fmt"
	"slices"
	"strings"
)

// archNames are the names that people, kernels and distributions have for the
// architectures that machines boot by; the first of each is Spur's own.
func archNames() [][]string {
	return [][]string{
		{string(X86), "i386", "i486", "i586", "i686", "ia32"},
		{string(X64), "amd64", "x86_64", "x86-64"},
		{string(ARM), "arm32", "armhf", "armv7", "armv7l"},
		{string(ARM64), "aarch64", "aa64"},
		{string(RISCV32)},
		{string(RISCV64)},
		{string(LOONG64), "loongarch64"},
	}
}

// ParseArch reads the name of an architecture.
func ParseArch(name string) (Arch, error) {
	var known []string
	for _, names := range archNames() {
		if slices.Contains(names, strings.ToLower(name)) {
			return Arch(names[0]), nil
		}
		known = append(known, names[0])
	}
	return "", fmt.Errorf("%q is no architecture that machines boot by; these are %s", name, strings.Join(known, ", "))
}
