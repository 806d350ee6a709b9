package decide_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/route"
)

// resolve is a Resolver made of a function.
type resolve func(boot.Client) (boot.Payload, error)

func (r resolve) Resolve(_ context.Context, c boot.Client) (boot.Payload, error) { return r(c) }

var (
	rom    = boot.Client{MAC: boot.MAC{2, 0, 0, 0, 0, 1}, Firmware: boot.UEFI, Arch: boot.X64, Proto: boot.PXE, Loader: boot.ROM}
	kernel = boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "/boot/vmlinuz"}}}
	have   = route.Binaries{
		{Build: route.Build{File: "snponly.efi", Firmware: boot.UEFI, Arch: boot.X64}, Path: "/x/snponly.efi"},
		{Build: route.Build{File: "ipxe.efi", Firmware: boot.UEFI, Arch: boot.X64}, Path: "/x/ipxe.efi"},
	}
)

func decider(p boot.Payload, err error, failed ...string) decide.Decider {
	return decide.Decider{
		Resolver: resolve(func(boot.Client) (boot.Payload, error) { return p, err }), Host: route.Host{Loaders: have},
		Failed: func(mac boot.MAC) []string {
			if mac == rom.MAC {
				return failed
			}
			return nil
		},
	}
}

// A route that failed on a machine is not the one that it is offered next.
func TestNextRoute(t *testing.T) {
	var failed []string
	for _, want := range []string{"uefi-x64-snponly", "uefi-x64-ipxe", "uefi-x64-direct", "uefi-x64-snponly"} {
		d, err := decider(kernel, nil, failed...).Decide(t.Context(), rom)
		if err != nil || d.Route.Name != want || d.Client != rom || d.Payload.Title() != "vmlinuz" {
			t.Fatalf("after %v: %+v, %v; want %s", failed, d, err, want)
		}
		failed = slices.DeleteFunc(failed, func(n string) bool { return n == want })
		failed = append(failed, want)
	}
}

// Of a route that is the only one it is told that there is no other.
func TestSole(t *testing.T) {
	bios := rom
	bios.Firmware, bios.Arch = boot.BIOS, boot.X86
	nbp := boot.Payload{Content: boot.NBP{Program: boot.File{Source: "/x/my.0"}}}
	if got, err := decider(nbp, nil).Decide(t.Context(), bios); err != nil || !got.Sole || got.Route.Name != "bios-nbp" {
		t.Errorf("of a flat program: %+v, %v", got.Route, err)
	}
	if got, err := decider(kernel, nil).Decide(t.Context(), rom); err != nil || got.Sole {
		t.Errorf("of several: %+v, %v", got.Route, err)
	}
}

// Where another server tells machines what to boot, a loader goes first that asks nobody
// again.
func TestBeside(t *testing.T) {
	d := decider(kernel, nil)
	d.Host.Loaders = append(slices.Clone(d.Host.Loaders), route.Binary{
		Build: route.Build{File: "linuxx64.efi.stub", Firmware: boot.UEFI, Arch: boot.X64}, Path: "/x/linuxx64.efi.stub",
	})
	for beside, want := range map[bool]string{false: "uefi-x64-snponly", true: "uefi-tftp"} {
		d.Beside = beside
		if got, err := d.Decide(t.Context(), rom); err != nil || got.Route.Name != want {
			t.Errorf("beside another: %v; %s, %v; want %s", beside, got.Route.Name, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	refused := fmt.Errorf("%w: today", boot.ErrIgnore)
	if _, err := decider(boot.Payload{}, refused).Decide(t.Context(), rom); !errors.Is(err, boot.ErrIgnore) {
		t.Errorf("the resolver's error became %v", err)
	}
	arm := rom
	arm.Arch = boot.ARM64
	_, err := decider(kernel, nil).Decide(t.Context(), arm)
	var none decide.NoRoute
	if !errors.As(err, &none) || none.Error() == "" {
		t.Errorf("a machine without a route: %v", err)
	}
}

func ExampleDecider_Decide() {
	d, err := decider(kernel, nil).Decide(context.Background(), rom)
	fmt.Println(d.Payload.Title(), d.Route.Give, d.Route.Via, err)
	// Output: vmlinuz snponly.efi tftp <nil>
}
