package sbat_test

import (
	"fmt"

	"github.com/spurboot/spur/internal/efi/sbat"
)

func Example() {
	level, err := sbat.ParseLevel([]byte("sbat,1,2025021800\nshim,4\ngrub,5\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	entries, err := sbat.Parse([]byte("sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n" +
		"grub,4,Free Software Foundation,grub,2.12,https://www.gnu.org/software/grub/\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("grubx64.efi:", level.Check(entries))
	// Output: grubx64.efi: it is revoked: its SBAT data say grub,4, and the level 2025021800 demands grub,5
}
