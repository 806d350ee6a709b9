package boot

// KindCOM32 is a module of Syslinux that is started like a kernel.
const KindCOM32 Kind = "com32"

// COM32 is a module of Syslinux, which PXELINUX or syslinux.efi starts with arguments.
type COM32 struct {
	Module File
	// Beside are the modules that it needs, and files that were named with it, which it
	// finds by their base names.
	Beside    []File
	Arguments Template
	Arch      Arch // X86 on a BIOS, X64 on UEFI
}

// Kind implements Content.
func (COM32) Kind() Kind { return KindCOM32 }

// Title implements Content.
func (m COM32) Title() string { return m.Module.Base() }

// Files implements Content.
func (m COM32) Files() []File {
	return append(append([]File{m.Module}, m.Beside...), m.Arguments.Files()...)
}

// Size implements Content.
func (m COM32) Size() int {
	size := m.Arguments.size()
	for _, f := range m.Files() {
		size += f.size()
	}
	return size
}

// Start implements Bringer: no firmware starts a module.
func (m COM32) Start(Client) (Program, bool) { return Program{}, false }

// File implements Bringer.
func (m COM32) File(name string) (File, bool) {
	for _, f := range append([]File{m.Module}, m.Beside...) {
		if f.Base() == name {
			return f, true
		}
	}
	return File{}, false
}
