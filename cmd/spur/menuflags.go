package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/target"
)

// menuFlags make the arguments the items of a menu.
type menuFlags struct{ target.MenuWords }

func (f *menuFlags) add(flags *pflag.FlagSet) {
	flags.Var(&menuKind{&f.Kind}, "menu", "`[pxe]`: each argument, [TITLE=]KERNEL[,INITRD…], local or a folder of such, is an item of a menu that loaders draw; with pxe of the one that firmware shows")
	flags.Lookup("menu").NoOptDefVal = withoutKind
	flags.Uint8Var(&f.Timeout, "menu-timeout", 10, "`seconds` until the default item is taken; 0: at once, 255: never")
	flags.StringVar(&f.Prompt, "menu-prompt", "", "`text` to show above the menu, or while firmware waits (default: Choose what to boot, or Press F8 for a menu)")
	flags.StringVar(&f.Default, "menu-default", "1", "the `item` that is taken where nobody chooses: its title, or its number; firmware shows it first")
	flags.StringVar(&f.Passwords, "menu-password", "", "a `file` of lines TITLE HASH: items that boot for nobody but who knows the password that was hashed by Argon2id")
	flags.StringArrayVar(&f.BootServers, "boot-server", nil, "an item that leads to a boot server of others, by its `TYPE`, which =ADDRESS[,ADDRESS…] and :TITLE may follow, such as 'wds=10.0.0.5:Windows'; or to the machine's disk: local; may be repeated")
}

// menuKind is the value of --menu, which help shows as one that may be left out: package pflag
// writes what stands for a missing value behind those of other types than bool.
type menuKind struct{ kind *string }

// withoutKind is the value of --menu alone: of a bool, package pflag leaves no other out of help.
const withoutKind = "true"

func (m *menuKind) String() string {
	if m.kind == nil {
		return ""
	}
	return *m.kind
}

func (m *menuKind) Set(text string) error {
	if *m.kind = text; text == withoutKind {
		*m.kind = target.MenuByLoader
	}
	return nil
}

func (m *menuKind) Type() string { return "bool" }

// joined writes a value of --menu that follows it as an argument of its own into one with
// it: the flag may have none, so that package pflag takes no argument for its value.
func joined(args []string) []string {
	var all []string
	for i, arg := range args {
		if arg == "--" {
			return append(all, args[i:]...)
		}
		if last := len(all) - 1; last >= 0 && all[last] == "--menu" && slices.Contains(target.MenuKinds(), arg) {
			all[last] += "=" + arg
			continue
		}
		all = append(all, arg)
	}
	return all
}

// target reads what the arguments and the flags name into t.
func (f *menuFlags) target(cmd *cobra.Command, args []string, t *target.Target, other archFlags) error {
	if f.Kind != "" {
		return t.AddMenu(args, f.MenuWords, other.targets, other.cmdlines)
	}
	for _, flag := range []string{"menu-timeout", "menu-prompt", "menu-default", "menu-password", "boot-server"} {
		if cmd.Flags().Changed(flag) {
			menu := "--menu"
			if flag == "boot-server" {
				menu = "--menu pxe"
			}
			return usage(cmd, fmt.Errorf("--%s says something of a menu: add %s", flag, menu))
		}
	}
	if err := t.Name(args); err != nil {
		return err
	}
	return other.addTo(t)
}
