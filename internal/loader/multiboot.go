package loader

import (
	"slices"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// A kernel and its modules are told their file's name first, as boot loaders have it: by
// iPXE and mboot.c32 with all that leads to the file, which is why its last component is
// what its user called it.

// multibootScript has iPXE load a kernel and its modules.
func multibootScript(c boot.Client, p boot.Payload, m boot.Multiboot, urls URLs) string {
	var settings []byte
	texts := m.Texts(urls.File, urls.Beacon)
	for i, text := range texts {
		arguments, needed := ipxeArguments(text)
		texts[i], settings = arguments, append(settings, needed...)
	}
	slices.Sort(settings)
	modules := slices.Clone(urls.Initrds) // iPXE loads both by one command
	for i := range modules {
		modules[i] += texts[i+1]
	}
	load := "kernel --name kernel " + urls.Kernel + texts[0]
	urls.Initrds = modules
	return retried(c, p, settingLines(slices.Compact(settings)), "", load, urls)
}

// multibootConfig has GRUB load a kernel and its modules, by the second version of the
// Multiboot Specification first: on UEFI it is the one by which a kernel finds the
// firmware.
func multibootConfig(c boot.Client, p boot.Payload, m boot.Multiboot, urls URLs) string {
	var ways [][]string
	for _, version := range []struct {
		has   bool
		after string // the commands' names
	}{{m.StartsBySecond(c), "2"}, {m.First, ""}} {
		if !version.has {
			continue
		}
		loads, err := grubMultiboot(m, urls, version.after)
		if err != nil {
			return TroubleGRUBConfig(c, err, false)
		}
		ways = append(ways, loads)
	}
	return grubLoop(c, p, ways...)
}

// grubMultiboot are the commands that load a kernel and its modules, of which none is
// unpacked. GRUB leaves the name out of what it tells a kernel (grub_multiboot_init_mbi
// in its grub-core/loader/i386/multiboot_mbi.c), so it stands there once more.
func grubMultiboot(m boot.Multiboot, urls URLs, after string) ([]string, error) {
	var loads []string
	files := m.Loaded()
	for i, text := range m.Texts(urls.File, urls.Beacon) {
		words, err := boot.KernelWords(text)
		if err != nil {
			return nil, err
		}
		words = append([]string{files[i].Base()}, words...)
		if i == 0 {
			loads = append(loads, grubCommand("multiboot"+after, append([]string{grubFile(urls.Kernel)}, words...)...))
		} else {
			loads = append(loads, grubCommand("module"+after, append([]string{"--nounzip", grubFile(urls.Initrds[i-1])}, words...)...))
		}
	}
	return loads, nil
}

// multibootLabel has PXELINUX start a kernel and its modules by mboot.c32.
func multibootLabel(c boot.Client, p boot.Payload, m boot.Multiboot, urls URLs) string {
	names := []string{pxelinuxFile(urls.Kernel)}
	for _, u := range urls.Initrds {
		names = append(names, pxelinuxFile(u))
	}
	appended, err := boot.MultibootAppend(names, m.Texts(urls.File, urls.Beacon))
	if err != nil {
		return TroublePXELINUXConfig(c, err, false)
	}
	return pxelinuxBoots(c, p, "COM32 "+route.MultibootModule+"\nAPPEND "+appended+"\n")
}
