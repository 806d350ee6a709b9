package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/lab/demo"
)

// check refuses what can't be done before anything runs. A machine that has Secure Boot on
// gets what is signed, unless that is said otherwise.
func (f *labFlags) check(cmd *cobra.Command, args []string) error {
	if !slices.Contains(lab.Firmwares(), lab.Firmware(f.Firmware)) {
		return usage(cmd, fmt.Errorf("--firmware %s is unknown; it is one of %s", f.Firmware, firmwareNames()))
	}
	if _, err := regexp.Compile(f.Expect); err != nil {
		return usage(cmd, fmt.Errorf("--expect: %w", err))
	}
	if err := checkDemo(cmd, f.Demo); err != nil {
		return usage(cmd, err)
	}
	if err := checkScreenshot(f.Screenshot); err != nil {
		return err
	}
	asks, err := clientOf(lab.Firmware(f.Firmware))
	if err != nil {
		return err
	}
	if asks.SecureBoot && !cmd.Flags().Changed("secure-boot") {
		if err := cmd.Flags().Set("secure-boot", "on"); err != nil {
			return err
		}
	}
	return f.own.check(cmd, args, asks)
}

// clientOf is the client that a machine of the lab is when it is switched on.
func clientOf(f lab.Firmware) (boot.Client, error) {
	asks, err := f.Asks()
	c := boot.Client{Firmware: boot.UEFI, Arch: asks.Arch, Proto: boot.PXE, Loader: boot.ROM, SecureBoot: asks.SecureBoot}
	if asks.BIOS {
		c.Firmware, c.Arch = boot.BIOS, boot.X86
	}
	if asks.UBoot {
		c.Firmware, c.Loader = boot.Board, boot.UBoot
	}
	if asks.IPXE {
		c.Loader, c.Features = boot.IPXE, boot.UsualIPXE
	}
	if asks.HTTP {
		c.Proto = boot.HTTP
	}
	return c, err
}

// checkDemo refuses flags that would be ignored.
func checkDemo(cmd *cobra.Command, t demo.Demo) error {
	given := cmd.Flags().Changed
	switch {
	case given("timeout") && t.Expect == "":
		return errors.New("--timeout is how long to wait for --expect, which is missing")
	case t.Timeout <= 0:
		return fmt.Errorf("--timeout %s leaves the machine no time", t.Timeout)
	case given("memory") && t.Memory < 64:
		return fmt.Errorf("--memory %d: no firmware starts with less than 64 MiB", t.Memory)
	}
	return nil
}

// checkScreenshot refuses a file that couldn't be written, before a machine runs.
func checkScreenshot(name string) error {
	if name == "" {
		return nil
	}
	dir := filepath.Dir(name)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return advice.New(fmt.Sprintf("--screenshot %s: there is no folder %s", name, dir), "make it, or name a file in another folder")
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return advice.New(fmt.Sprintf("--screenshot %s is a folder", name), "name a file in it, such as "+filepath.Join(name, "screen.png"))
	}
	return nil
}
