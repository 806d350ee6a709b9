package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/daemon"
)

// menuFlags make the arguments the items of a menu.
type menuFlags struct{ daemon.MenuWords }

func (f *menuFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.Kind, "menu", "", "pxe: each argument, [TITLE=]KERNEL[,INITRD…], is an item of the menu that firmware shows")
	flags.Uint8Var(&f.Timeout, "menu-timeout", 10, "seconds until the first item is taken; 0: at once, 255: never, the menu is shown at once")
	flags.StringVar(&f.Prompt, "menu-prompt", "", "text to show while the machine waits (default: Press F8 for a menu)")
	flags.UintVar(&f.Default, "menu-default", 1, "the item that is first in the menu: arguments and then boot servers, counted from 1")
	flags.StringArrayVar(&f.BootServers, "boot-server", nil, "TYPE[=ADDRESS[,ADDRESS…]][:TITLE]: an item that leads to a boot server of others, such as 'wds=10.0.0.5:Windows', or to the machine's disk: local; may be repeated")
}

// target reads what the arguments and the flags name into t.
func (f *menuFlags) target(cmd *cobra.Command, args []string, t *daemon.Target, other archFlags) error {
	if f.Kind != "" {
		return t.AddMenu(args, f.MenuWords, other.targets, other.cmdlines)
	}
	for _, flag := range []string{"menu-timeout", "menu-prompt", "menu-default", "boot-server"} {
		if cmd.Flags().Changed(flag) {
			return usage(cmd, fmt.Errorf("--%s says something of a menu: add --menu pxe", flag))
		}
	}
	t.Kernel, t.Initrds = args[0], args[1:]
	return other.addTo(t)
}
