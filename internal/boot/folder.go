package boot

import (
	"path"
	"slices"
	"strings"
)

// Folder is a folder that brings its loaders and their configuration. Every file
// below it is served by its own path, beside the program that a machine starts.
type Folder struct {
	Dir string // its absolute path
	// Programs are what each kind of machine starts, one for each.
	Programs []Program
	// Kernels are the files in it that are kernels: a machine that has one is past
	// its loader. Names as in Program.
	Kernels []string
	// Configured: it has a pxelinux.cfg, which a PXELINUX from elsewhere can follow.
	Configured bool
}

// Program is what one kind of machine starts of a folder.
type Program struct {
	Name     string // its path below the folder, with slashes
	Firmware Firmware
	Arch     Arch
	// Signed: it carries a signature, which Secure Boot asks for.
	Signed bool
	// Starts is the loader that it starts first, a shim's GRUB, by its path; empty where
	// it starts none.
	Starts string
	// Reaches is what the program that asks for the rest can do, where its content
	// shows that, and Loader which one it is; empty where that doesn't matter.
	Loader  Loader
	Reaches Features
}

// ProgramMost is the longest name of a program, in bytes: it stands behind a sealed
// name in the 127 bytes of BOOTP's field.
const ProgramMost = 56

// Kind implements Content.
func (Folder) Kind() Kind { return KindFolder }

// Title implements Content.
func (f Folder) Title() string { return File{Source: f.Dir}.Base() }

// Files implements Content. A folder's files have no list: any may be asked for.
func (Folder) Files() []File { return nil }

// Size implements Content.
func (f Folder) Size() int {
	n := len(f.Dir)
	for _, p := range f.Programs {
		n += len(p.Name) + len(p.Starts)
	}
	for _, name := range f.Kernels {
		n += len(name)
	}
	return n
}

// Start implements Bringer.
func (f Folder) Start(c Client) (Program, bool) {
	i := slices.IndexFunc(f.Programs, func(p Program) bool { return p.Firmware == c.Firmware && p.Arch == c.Arch })
	if i < 0 {
		return Program{}, false
	}
	p := f.Programs[i]
	if c.Loader == IPXE && p.Starts != "" {
		// iPXE doesn't tell a shim how large the file was that it fetched (efi_pxe_mtftp
		// of its interface/efi/efi_pxe.c), so that the shim takes the rest of its buffer
		// for a part of it and refuses it as malformed.
		p.Name, p.Starts = p.Starts, ""
	}
	return p, true
}

// ByShim tells whether what a client's firmware starts is a shim.
func (f Folder) ByShim(c Client) bool {
	c.Loader = ROM
	p, _ := f.Start(c)
	return p.Starts != ""
}

// File implements Bringer. Whether it is there only opening it shows.
func (f Folder) File(name string) (File, bool) {
	name = path.Clean("/" + name)
	if name == "/" || strings.ContainsRune(name, 0) {
		return File{}, false
	}
	return File{Source: path.Join(f.Dir, name)}, true
}

// IsKernel tells whether the file of that name is a kernel.
func (f Folder) IsKernel(name string) bool {
	return slices.Contains(f.Kernels, strings.TrimPrefix(path.Clean("/"+name), "/"))
}
