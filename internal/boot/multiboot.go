package boot

import "strings"

// KindMultiboot is a kernel by the Multiboot Specification, as people who write
// operating systems build them, and Xen is one.
const KindMultiboot Kind = "multiboot"

// Multiboot is a kernel by the Multiboot Specification, its command line and its
// modules.
type Multiboot struct {
	Kernel  File
	Cmdline Template
	Modules []Module
	// First and Second tell of which versions of the specification it has a header.
	First, Second bool
	// Wide: its header of the first version leaves its loading to an ELF file of 64
	// bits, which of all loaders GRUB alone loads.
	Wide bool
	// EntryEFI64: its header of the second version says of UEFI firmware of 64 bits alone where
	// it begins to run.
	EntryEFI64 bool
	// Xen: it is the hypervisor, and its first module its first domain's kernel.
	Xen bool
	// Packed: the file is a gzip file, which is unpacked while it is served.
	Packed bool
	// Bytes is how large kernel and modules are together; 0 where that is not known.
	Bytes int64
}

// Module is a file that a loader puts into memory beside a kernel, and what the kernel
// is told about it behind the file's name.
type Module struct {
	File File
	Text Template
}

// Kind implements Content.
func (Multiboot) Kind() Kind { return KindMultiboot }

// Title implements Content.
func (m Multiboot) Title() string { return m.Kernel.Base() }

// Files implements Content.
func (m Multiboot) Files() []File {
	files := append([]File{m.Kernel}, m.Cmdline.Files()...)
	for _, module := range m.Modules {
		files = append(append(files, module.File), module.Text.Files()...)
	}
	return files
}

// Size implements Content.
func (m Multiboot) Size() int {
	n := m.Kernel.size() + m.Cmdline.size()
	for _, module := range m.Modules {
		n += module.File.size() + module.Text.size()
	}
	return n
}

// SaysUp tells whether the kernel, or what is in a module, is to say that it is up.
func (m Multiboot) SaysUp() bool {
	for _, module := range m.Modules {
		if module.Text.SaysUp() {
			return true
		}
	}
	return m.Cmdline.SaysUp()
}

// StartsBySecond tells whether a machine's GRUB starts the kernel by its header of the second
// version. One that isn't for UEFI of 64 bits ends with "load address tag without entry address
// tag" where that has an entry for it alone.
func (m Multiboot) StartsBySecond(c Client) bool {
	return m.Second && (!m.EntryEFI64 || c.Firmware == UEFI && c.Arch == X64)
}

// Loaded are the files that a loader puts into memory, the kernel first.
func (m Multiboot) Loaded() []File {
	files := []File{m.Kernel}
	for _, module := range m.Modules {
		files = append(files, module.File)
	}
	return files
}

// Texts are what a loader tells besides the names of the files, in the order of Loaded.
func (m Multiboot) Texts(file func(File) string, beacon string) []string {
	texts := []string{strings.TrimSpace(m.Cmdline.Expand(file, beacon))}
	for _, module := range m.Modules {
		texts = append(texts, strings.TrimSpace(module.Text.Expand(file, beacon)))
	}
	return texts
}
