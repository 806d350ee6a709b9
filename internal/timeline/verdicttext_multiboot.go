package timeline

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
)

// bootsMultiboot tells whether the machine boots a Multiboot kernel or Xen, with or
// without modules.
func (a Attempt) bootsMultiboot() bool {
	return a.content == boot.KindMultiboot || a.content == boot.KindXen
}

// multibootCauses is what commonly stops a Multiboot kernel or Xen that was handed over.
func (a Attempt) multibootCauses() string {
	modules := slices.ContainsFunc(a.Transfers, func(t Transfer) bool { return t.Role == RoleModule })
	switch {
	case a.xen && !modules:
		return "Xen has no modules, and so no kernel for its first domain (dom0), without which it panics"
	case a.xen:
		return "Xen stopped: the first module is not the kernel of its first domain (dom0), that kernel can't run there (on Linux it needs CONFIG_XEN_DOM0, which Debian's kernels have but for those for clouds), or memory is short"
	case !modules:
		return "the kernel stopped: it was given no modules and may want some, it can't use this machine, or memory is short"
	}
	return "the kernel stopped: a module that it wants is missing, or they are in another order than it expects; it can't use this machine, or memory is short"
}

// multibootHint says how to see more of that.
func (a Attempt) multibootHint() string {
	if a.xen {
		return `look at the machine's screen; have both tell more of themselves: Xen by --cmdline "console=vga,com1 loglvl=all noreboot", and the kernel of dom0 by --module "vmlinuz console=hvc0", with the initrd as the next --module (docs/xen.md)`
	}
	return "look at the machine's screen or its serial port, where the kernel says why; the modules are given in the order of --module"
}

// aboutMultiboot is a verdict with the causes of a Multiboot kernel or Xen in the place of
// those of a Linux kernel.
func (a Attempt) aboutMultiboot(v Verdict) Verdict {
	if !a.bootsMultiboot() {
		return v
	}
	v.Likely, v.Hint = a.multibootCauses()+".", a.multibootHint()+"."
	if v.Info {
		v.Likely = "it runs and has no reason to tell; or " + v.Likely
	}
	return v
}
