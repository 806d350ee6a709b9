package pefile_test

import (
	"fmt"
	"os"

	"github.com/spurboot/spur/internal/efi/pefile"
)

func Example() {
	f, err := os.Open("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		fmt.Println(err)
		return
	}
	pe, err := pefile.Read(f, info.Size())
	if err != nil {
		fmt.Println(err)
		return
	}
	magic, err := pe.Contents(f, ".sdmagic", 1<<10)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s for %s, signed: %t\n", pe.Subsystem, pe.Machine, pe.Certificates.Size > 0)
	fmt.Printf("room for %d sections after .sdmagic, of %d bytes\n", pe.Room(), len(magic))
	// Output:
	// EFI application for x64, signed: false
	// room for 7 sections after .sdmagic, of 52 bytes
}
