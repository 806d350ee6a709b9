package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/spurboot/spur/internal/lab"
	"github.com/spurboot/spur/internal/outlook"
)

// The manual says by its names which firmware the usual loaders lead to nothing.
func TestSignedOnly(t *testing.T) {
	for _, f := range lab.Firmwares() {
		c, err := clientOf(f)
		if err != nil {
			t.Fatal(err)
		}
		named := strings.HasPrefix(string(f), "secureboot") || strings.HasPrefix(string(f), "snakeoil")
		if named == outlook.HasRoute(c) {
			t.Errorf("%s: begins with secureboot or snakeoil: %v, has a route: %v", f, named, !named)
		}
	}
}

// The lab's Spur gets each flag as it was written, and no other.
func TestHandedOn(t *testing.T) {
	given := []string{
		"--cmdline=quiet splash=\"a, b\"", "--cmdline-for=Second=a,b", "--menu=pxe", "--menu-timeout=0", "--menu-default=2",
		"--boot-server=wds=10.77.0.5,10.77.0.6:Windows", "--boot-server=local", `--loaders=one,"two, with a comma"`, "--secure-boot=off", "--record=failed",
	}
	var own handedOn
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	own.add(flags)
	if err := flags.Parse(given); err != nil {
		t.Fatal(err)
	}
	if got := own.arguments(); !slices.Equal(got, given) {
		t.Errorf("handed on: %q\nwant       %q", got, given)
	}
	again := handedOn{}
	flags = pflag.NewFlagSet("", pflag.ContinueOnError)
	again.add(flags)
	if err := flags.Parse(own.arguments()); err != nil || !slices.Equal(again.loaders, []string{"one", "two, with a comma"}) {
		t.Errorf("read again: loaders %q, %v", again.loaders, err)
	}
}
