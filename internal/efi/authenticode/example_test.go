package authenticode_test

import (
	"fmt"
	"os"

	"github.com/spurboot/spur/internal/efi/authenticode"
	"github.com/spurboot/spur/internal/lab"
)

func Example() {
	path, err := lab.Unpacked("shim-signed", "usr/lib/shim/shimx64.efi.signed")
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := os.Open(path)
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
	signatures, err := authenticode.Verify(f, info.Size())
	if err != nil {
		fmt.Printf("%s: %v\n", path, err)
		return
	}
	for _, s := range signatures {
		fmt.Println(s.Name(), "of", s.Certificate().Issuer.CommonName)
	}
	// Output:
	// Microsoft Windows UEFI Driver Publisher of Microsoft Corporation UEFI CA 2011
	// Microsoft UEFI CA 2023 signer of Microsoft UEFI CA 2023
}
