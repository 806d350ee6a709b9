package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/route"
)

// bootloaderFlags say which loaders machines are given.
type bootloaderFlags struct {
	loaders []string
	secure  string
	loader  string
}

func (f *bootloaderFlags) addLoaders(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.loaders, "loaders", nil, "`folders` with bootloaders, looked into before the distribution's")
	flags.StringVar(&f.secure, "secure-boot", "auto", "`auto|on|off`: auto: UEFI machines may have Secure Boot on or off; on: give them only what is signed; off: chains that begin with a shim come last")
	flags.StringVar(&f.loader, "loader", "", "boot machines by this `loader` alone: "+strings.Join(route.LoaderNames(), ", ")+", where none is the firmware itself (default: the best that works)")
}
