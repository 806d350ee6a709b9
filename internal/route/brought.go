package route

import (
	"fmt"
	"path"
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// foreignNBP says why a machine can't start a payload that is a flat program, or "".
func foreignNBP(c boot.Client, p boot.Payload, _ Host) string {
	if c.Firmware != boot.BIOS {
		return fmt.Sprintf("%s is a program for a BIOS, and the machine has none", p.Title())
	}
	return ""
}

// unfitFolder says why a machine can't start what a folder brings, or "".
func unfitFolder(c boot.Client, p boot.Payload, host Host) string {
	folder, ok := p.Content.(boot.Folder)
	if !ok {
		return fmt.Sprintf("%s is no folder", p.Title())
	}
	program, ok := folder.Start(c)
	switch {
	case !ok:
		return fmt.Sprintf("the folder %s has no loader for %s", p.Title(), c.Platform())
	case host.unsigned(c, program.Signed):
		return notSigned(program.Name)
	case c.Loader == boot.IPXE && host.unsigned(c, false) && folder.ByShim(c):
		return fmt.Sprintf("%s is started by a shim, which can't fetch it where an iPXE has started that, and Secure Boot starts it by nothing else; have the machine boot by PXE of its firmware", program.Name)
	case program.Loader == boot.GRUB && c.Loader == boot.ROM:
		return stopsGRUB(program.Name, program.Reaches, c, viaOf(c), otherGRUBIn(c, program))
	}
	return ""
}

// unconfigured says why no loader of this host follows a folder's configuration on a
// machine, or "". One that the folder has itself is the one that this is written for.
func unconfigured(c boot.Client, p boot.Payload, _ Host) string {
	folder, ok := p.Content.(boot.Folder)
	if !ok {
		return fmt.Sprintf("%s is no folder", p.Title())
	}
	switch program, ok := folder.Start(c); {
	case ok:
		return fmt.Sprintf("the folder %s has %s for %s", p.Title(), program.Name, c.Platform())
	case !folder.Configured:
		return fmt.Sprintf("the folder %s has no loader for %s", p.Title(), c.Platform())
	}
	return ""
}

// viaOf is the protocol that firmware has just used: what it starts has no other.
func viaOf(c boot.Client) Via {
	if c.Proto == boot.HTTP {
		return HTTP
	}
	return TFTP
}

// brought is the route with the name of what a payload brings, where the firmware
// fetches that.
func (r Route) brought(c boot.Client, p boot.Payload) Route {
	bringer, ok := p.Content.(boot.Bringer)
	if !ok || r.Loader != boot.ROM && !r.Unsealed() {
		return r
	}
	program, _ := bringer.Start(c)
	r.Give, r.Role = program.Name, RoleOf(bringer, program.Name)
	switch {
	case p.Kind() == boot.KindDisk && r.Loader == boot.ROM && r.Medium == "":
		r.Why = "no loader in between: the firmware fetches the disk, makes a RAM disk of it, and starts what is on it; the system that boots from it still has it then, Linux as /dev/pmem0"
	case p.Kind() == boot.KindFolder && r.Loader == boot.ROM:
		r.Why = "the folder's own program, and no loader of Spur's in between: it finds what it needs by the paths in the folder"
	case r.Unsealed() && path.Base(r.Give) == "start.elf" && c.Model == "Raspberry Pi 4": // which has another one
		r.Give = path.Join(path.Dir(r.Give), RPiStarter)
	}
	return r
}

// RoleOf is what a file is that a payload brings, by its name. Of a folder without a
// kernel nothing is known to come after its program.
func RoleOf(b boot.Bringer, name string) Role {
	switch content := b.(type) {
	case boot.Disk:
		return Kernel
	case boot.COM32:
		if name == content.Module.Base() {
			return Kernel
		}
	case boot.NBP:
		if name == content.Program.Base() {
			return Kernel
		}
	case boot.Folder:
		program := slices.ContainsFunc(content.Programs, func(p boot.Program) bool { return p.Name == name })
		switch {
		case content.IsKernel(name), program && len(content.Kernels) == 0:
			return Kernel
		case program:
			return NBP
		}
	}
	return Extra
}
