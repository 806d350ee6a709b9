package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/printable"
)

func diskCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "disk",
		Short: "Serve, create, check and convert disk images",
		Long: `Serve, create, check and convert disk images.

Images are qcow2 or raw; those of VHD, VHDX and VMDK are read only. Spur looks
at the first bytes of a file to know which it is. A raw disk whose contents you
don't trust may pretend to be another, so say --format raw for it: served without
it, it refuses writes that would make it look like an image. And say --format vhd
for a VHD of fixed size, which looks like a raw disk. What is compressed is
refused: unpack it first.

The backing file that an image names is opened only if it is in the image's
folder, or in one that --allow-backing names: whoever could write to an image
could write any name into it.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
	}
	cmd.AddCommand(diskServeCommand(), diskCreateCommand(), diskInfoCommand(), diskCheckCommand(), diskConvertCommand())
	return cmd
}

// imageFlags are those of commands that open an image.
type imageFlags struct {
	format string
	allow  []string
}

func (f *imageFlags) add(cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	f.addFormat(cmd)
	cmd.Flags().StringSliceVar(&f.allow, "allow-backing", nil, "`folders` in which backing files may be, besides the image's own")
}

func (f *imageFlags) addFormat(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.format, "format", "", "the `format`: qcow2, raw, vhd, vhdx or vmdk (default: what the file looks like)")
}

func (f *imageFlags) options(cmd *cobra.Command) (disk.Options, error) {
	format, err := disk.ParseFormat(f.format)
	if err != nil {
		return disk.Options{}, usage(cmd, err)
	}
	return disk.Options{Format: format, Allow: f.allow}, nil
}

// newFormat is the format of a file that is to be made: the flag's if it was
// given, or what goes with the file's name.
func newFormat(cmd *cobra.Command, file, flag string) (disk.Format, error) {
	if !cmd.Flags().Changed("format") {
		format, err := disk.NewFormat(file, "")
		if err != nil {
			return "", usageError{err}
		}
		return format, nil
	}
	format, err := disk.ParseNewFormat(flag)
	if err != nil {
		return "", usage(cmd, err)
	}
	return format, nil
}

// notice tells of what is odd about a file that was made.
func notice(cmd *cobra.Command) func(text string) {
	return func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), printable.Line(text)) }
}
