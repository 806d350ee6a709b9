package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/size"
)

func diskCreateCommand() *cobra.Command {
	var image imageFlags
	var o disk.CreateOptions
	var backing string
	cmd := &cobra.Command{
		Use:   "create FILE [SIZE]",
		Short: "Create a disk image",
		Long: `Create a disk image that reads as zeros, or as its backing file.

SIZE is a whole number with K, M, G or T behind it, powers of 1024. With --backing
it may be left out, and is then the backing file's. The image takes space as it is
written to. A FILE that exists is left as it is, and one whose name says another
format, such as disk.img or disk.vmdk, isn't made unless --format is given.

An image names its backing file from its own folder where that contains it, so
that both can be moved together. One that lies elsewhere has to be allowed
wherever the image is opened, by --allow-backing.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur disk create disk.qcow2 10G
  spur disk create disk.img 512M --format raw
  spur disk create mine.qcow2 --backing base.img`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.Format, err = newFormat(cmd, args[0], image.format); err != nil {
				return err
			}
			if o.BackingFormat, err = disk.ParseFormat(backing); err != nil {
				return usage(cmd, err)
			}
			o.Allow = image.allow
			if len(args) == 2 {
				if o.Size, err = size.Parse(args[1]); err != nil {
					if _, swapped := size.Parse(args[0]); swapped == nil {
						err = advice.Wrap(err, fmt.Sprintf("did you swap FILE and SIZE? spur disk create %s %s", args[1], args[0]))
					}
					return usage(cmd, err)
				}
			}
			if err := o.Check(); err != nil {
				return usage(cmd, err)
			}
			o.Notice = notice(cmd)
			if err := disk.Create(cmd.Context(), args[0], o); err != nil {
				return err
			}
			return tellMade(cmd, args[0], o.Format)
		},
	}
	cmd.SetFlagErrorFunc(negativeSize)
	cmd.Flags().StringVar(&image.format, "format", "qcow2", "the `format`: qcow2 or raw")
	cmd.Flags().StringVar(&o.Backing, "backing", "", "the `file` that is read where the image has nothing of its own")
	cmd.Flags().StringVar(&backing, "backing-format", "", "its `format`: qcow2, raw, vhd, vhdx or vmdk (default: what it looks like)")
	cmd.Flags().StringSliceVar(&image.allow, "allow-backing", nil, "`folders` in which the backing files of that one may be, besides its own")
	return cmd
}

// tellMade says what was made.
func tellMade(cmd *cobra.Command, name string, format disk.Format) error {
	info, err := disk.Describe(cmd.Context(), name, disk.Options{Format: format})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), printable.Line(fmt.Sprintf("%s: %s, %s", name, info.Format, size.Format(info.VirtualSize))))
	return err
}

// negativeSize is for a size that was taken for a flag, since it begins with a
// dash.
func negativeSize(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		text := "-" + unknown.GetSpecifiedShortnames()
		if _, number := strconv.Atoi(unknown.GetSpecifiedName()); number == nil {
			_, err = size.Parse(text)
		}
	}
	return usage(cmd, err)
}
