package main

import (
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/target"
)

// archFlags name what machines of some architectures boot instead.
type archFlags struct {
	targets  []string
	cmdlines []string
}

func (f *archFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.targets, "for", nil, "`ARCH=KERNEL`: what UEFI machines of another architecture boot, with initrds ARCH=KERNEL,INITRD…; may be repeated")
	flags.StringArrayVar(&f.cmdlines, "cmdline-for", nil, "`ARCH=TEXT`: the command line of such a kernel (default: that of --cmdline); may be repeated")
}

func (f *archFlags) addTo(t *target.Target) error { return t.AddFor(f.targets, f.cmdlines) }
