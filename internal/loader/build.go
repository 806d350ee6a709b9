package loader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// buildOf is the build that a file is which is called name: the line of the table of
// loaders that is for it, or for what is in no line, but of use in a boot, one with
// its own name.
func buildOf(name string, id route.Identity) (route.Build, bool) {
	if strings.HasPrefix(name, "gpxelinux") {
		return route.Build{}, false // PXELINUX behind a gPXE: Syslinux brings it, and it is no iPXE
	}
	fits := func(b route.Build) bool {
		return b.Firmware == id.Firmware && b.Arch == id.Arch && (id.Kind != route.KindPXELINUX || hasHTTP(b.File) == id.Features.Has(boot.CanHTTP))
	}
	builds := slices.DeleteFunc(buildsOf(id.Kind), func(b route.Build) bool { return !fits(b) })
	if id.Kind == route.KindRPi || id.Kind == route.KindModule {
		builds = slices.DeleteFunc(builds, func(b route.Build) bool { return b.File != name }) // others lie beside it
	}
	for _, test := range []func(route.Build) bool{
		func(b route.Build) bool { return b.File == name },
		func(b route.Build) bool { return viaFirmware(b.File) == isViaFirmware(name, id) },
	} {
		if i := slices.IndexFunc(builds, test); i >= 0 {
			return builds[i], true
		}
	}
	switch id.Kind {
	case route.KindShim, route.KindMokManager, route.KindGRUB, route.KindGRUBLegacy, route.KindRAMDisk:
		return route.Build{File: name, Firmware: id.Firmware, Arch: id.Arch}, true
	case "", route.KindEFI:
		// Who built it may have left out all by which it would be known.
		return unknownBuild(name, id)
	}
	return route.Build{}, false
}

// unknownBuild is the build that a file is called after, of which nothing says the
// contrary. What always says what it is, as PXELINUX does, isn't among them.
func unknownBuild(name string, id route.Identity) (route.Build, bool) {
	named := buildsNamed(name)
	i := slices.IndexFunc(named, func(b route.Build) bool {
		if kind := route.LoaderOf(b).Kind; kind != route.KindIPXE && kind != route.KindStub {
			return false
		}
		return b.Firmware == boot.BIOS && id.Kind == "" || b.Firmware == id.Firmware && b.Arch == id.Arch
	})
	if i < 0 {
		return route.Build{}, false
	}
	return named[i], true
}

// viaFirmware tells whether the build of iPXE of that name goes through the
// firmware's network driver.
func viaFirmware(name string) bool {
	return strings.HasPrefix(name, "snponly") || strings.HasPrefix(name, "undionly")
}

// hasHTTP tells whether the build of PXELINUX of that name has a network stack of its own.
func hasHTTP(name string) bool { return strings.HasPrefix(name, "lpxelinux") }

// isViaFirmware tells the same of a file. A build for a BIOS is compressed, and shows
// it by its name only.
func isViaFirmware(name string, id route.Identity) bool {
	return id.Drivers == route.FirmwareDrivers || id.Drivers == "" && viaFirmware(name)
}

// buildsOf are the builds and companions in the table of loaders that are of a kind.
func buildsOf(kind route.Kind) []route.Build {
	var all []route.Build
	for _, l := range route.Loaders() {
		if l.Kind == kind {
			all = append(all, l.Builds...)
		}
		for _, c := range l.Companions {
			if kind.Beside() && (c.For == "") == (kind == route.KindLdlinux) {
				all = append(all, c.Build)
			}
		}
	}
	return all
}

// buildsNamed are the builds of that name.
func buildsNamed(name string) []route.Build {
	var all []route.Build
	for _, l := range route.Loaders() {
		for _, b := range l.Builds {
			if b.File == name {
				all = append(all, b)
			}
		}
	}
	return all
}

// Describe says in a few words what a file is: "iPXE 1.21.1+git20250501 for UEFI x64".
func Describe(id route.Identity) string {
	what := string(id.Kind)
	if id.Version != "" {
		what += " " + id.Version
	}
	return fmt.Sprintf("%s for %s", what, id.Platform())
}
