package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print which Spur this is",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine())
			return err
		},
	}
}

// versionLine says which program this is.
func versionLine() string {
	return fmt.Sprintf("spur %s %s %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// commit is what the Makefile builds, by git describe: the toolchain records none where
// GOFLAGS has -buildvcs=false. Only the linker sets it.
var commit string

// version is what the Go toolchain recorded about the build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versionOf("", commit)
	}
	return versionOf(info.Main.Version, commit)
}

// versionOf is the version that was recorded, and the commit where that is none.
func versionOf(recorded, commit string) string {
	switch {
	case commit != "" && (recorded == "" || recorded == "(devel)"):
		return "(devel " + commit + ")"
	case recorded == "":
		return "(unknown version)"
	}
	return recorded
}
