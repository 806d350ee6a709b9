package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/printable"
)

func diskConvertCommand() *cobra.Command {
	var image imageFlags
	var from string
	cmd := &cobra.Command{
		Use:   "convert SRC DST",
		Short: "Copy a disk into an image of another format",
		Long: `Copy the disk in SRC, a file or an http(s) URL, into the new image DST. What is
zero takes no space in it; what comes from backing files is copied too, so that
DST needs none. A DST that exists is left as it is; interrupted, Spur removes
what it has of it. On a terminal, one line tells how far the copy is. A SRC that
is written to meanwhile makes no copy.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
		Example: `  spur disk convert disk.img disk.qcow2
  spur disk convert overlay.qcow2 disk.img --format raw
  spur disk convert https://images.example/disk.img disk.qcow2`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			o := disk.ConvertOptions{Allow: image.allow, Notice: notice(cmd)}
			if o.To, err = newFormat(cmd, args[1], image.format); err != nil {
				return err
			}
			if o.From, err = disk.ParseFormat(from); err != nil {
				return usage(cmd, err)
			}
			if f, ok := cmd.ErrOrStderr().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
				progress := disk.NewProgress(f, args[1])
				o.Progress = progress.Tell
				defer func() { progress.Done(err) }()
			}
			if err = disk.Convert(cmd.Context(), args[0], args[1], o); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), printable.Line(args[1]+": a copy of "+args[0]))
			return err
		},
	}
	cmd.Flags().StringVar(&image.format, "format", "qcow2", "`format` of DST: qcow2 or raw")
	cmd.Flags().StringVar(&from, "from", "", "`format` of SRC: qcow2, raw, vhd, vhdx or vmdk (default: what it looks like)")
	cmd.Flags().StringSliceVar(&image.allow, "allow-backing", nil, "`folders` in which backing files may be, besides that of SRC")
	return cmd
}
