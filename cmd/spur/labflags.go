package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/daemon"
)

// handedOn are the flags that the lab's Spur is given as they are.
type handedOn struct {
	targetFlags
	offerFlags
	passphrase, record string
	flags              *pflag.FlagSet
}

func (h *handedOn) add(flags *pflag.FlagSet) {
	h.httpPort, h.tftpPort = 80, 69
	h.flags = pflag.NewFlagSet("", pflag.ContinueOnError)
	h.flags.SortFlags = false
	h.targetFlags.add(h.flags)
	h.addLoaders(h.flags)
	h.flags.StringVar(&h.data, "data", "", "the `folder` that Spur is given with --data")
	h.flags.StringVar(&h.record, "record", "", "`folder` in which Spur keeps a boot that fails, for spur replay")
	h.flags.StringVar(&h.passphrase, "passphrase-file", "", "a `file` whose first line is the passphrase of the keys of Secure Boot in --data")
	flags.AddFlagSet(h.flags)
}

// arguments are the flags for the lab's Spur, as many as were given.
func (h *handedOn) arguments() []string {
	var all []string
	h.flags.VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		for _, value := range valuesOf(f) {
			all = append(all, "--"+f.Name+"="+value)
		}
	})
	return all
}

// valuesOf are the values of a flag, each as it was written.
func valuesOf(f *pflag.Flag) []string {
	switch f.Value.Type() {
	case "stringArray":
		if list, ok := f.Value.(pflag.SliceValue); ok {
			return list.GetSlice()
		}
	case "stringSlice": // in one, with quotes where a value has a comma
		return []string{strings.TrimSuffix(strings.TrimPrefix(f.Value.String(), "["), "]")}
	}
	return []string{f.Value.String()}
}

// check refuses what the lab's Spur would refuse, and machines that it has no route
// for, before anything is built.
func (h *handedOn) check(cmd *cobra.Command, args []string, client boot.Client) error {
	config, err := h.config(cmd)
	if err != nil {
		return err
	}
	client.Proxied = config.DHCP == daemon.ProxyDHCP
	if len(args) == 0 {
		if f := h.ofKernel(); f != "" {
			return usage(cmd, fmt.Errorf("--%s says something of a KERNEL, which is missing", f))
		}
		return daemon.Bootable(cmd.Context(), config, h.Target, client)
	}
	target, err := h.read(cmd, args, config)
	if err != nil {
		return err
	}
	for _, name := range target.Named() {
		if (boot.File{Source: name}).IsURL() {
			return usage(cmd, fmt.Errorf("%s can't be fetched: a lab's network leads nowhere; download it first", name))
		}
	}
	return daemon.Bootable(cmd.Context(), config, target, client)
}

// ofKernel is a flag that was given and says something of a kernel of the caller's;
// empty for none. The lab's own takes a command line, a message and a root path.
func (h *handedOn) ofKernel() (name string) {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(targetFlags).add(own)
	own.VisitAll(func(f *pflag.Flag) {
		switch f.Name {
		case "cmdline", "message", "root-path":
		default:
			if h.flags.Changed(f.Name) {
				name = f.Name
			}
		}
	})
	return name
}
