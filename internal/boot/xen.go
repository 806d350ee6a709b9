package boot

// KindXen is that of Xen.
const KindXen Kind = "xen"

// Xen is the hypervisor as a program for UEFI firmware (xen.efi), which reads a
// configuration and what that names where it was loaded itself: a kernel for its first
// domain, and what goes with that.
type Xen struct {
	Program File
	// Arch is what it is built for.
	Arch Arch
	// Signed: it carries a signature, which Secure Boot asks for.
	Signed bool
	// Options is Xen's own command line.
	Options Template
	// Kernel is the first domain's, with its command line.
	Kernel Module
	// Ramdisk, Policy (of the Xen Security Modules) and Microcode are the zero value where
	// there is none.
	Ramdisk, Policy, Microcode File
	// Bytes is how large all of it is together; 0 where that is not known.
	Bytes int64
}

// XenFile is a file by the key of xen.cfg that names it, which is its name too: one of the
// user's could have blanks, at which Xen ends it.
type XenFile struct {
	Key  string
	File File
}

// Beside are the files that Xen reads beside itself, the kernel first.
func (x Xen) Beside() []XenFile {
	all := []XenFile{{"kernel", x.Kernel.File}}
	for _, f := range []XenFile{{"ramdisk", x.Ramdisk}, {"xsm", x.Policy}, {"ucode", x.Microcode}} {
		if f.File != (File{}) {
			all = append(all, f)
		}
	}
	return all
}

// Kind implements Content.
func (Xen) Kind() Kind { return KindXen }

// Title implements Content.
func (x Xen) Title() string { return x.Program.Base() }

// Loaded are the files that are put into memory, the program first.
func (x Xen) Loaded() []File {
	files := []File{x.Program}
	for _, f := range x.Beside() {
		files = append(files, f.File)
	}
	return files
}

// Files implements Content.
func (x Xen) Files() []File {
	return append(append(x.Loaded(), x.Options.Files()...), x.Kernel.Text.Files()...)
}

// Size implements Content.
func (x Xen) Size() int {
	n := x.Options.size() + x.Kernel.Text.size()
	for _, f := range x.Loaded() {
		n += f.size()
	}
	return n
}

// SaysUp tells whether what the first domain runs is to say that it is up.
func (x Xen) SaysUp() bool { return x.Options.SaysUp() || x.Kernel.Text.SaysUp() }
