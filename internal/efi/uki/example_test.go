package uki_test

import (
	"fmt"
	"os"

	"github.com/spurboot/spur/internal/efi/uki"
)

func Example() {
	b, err := os.ReadFile("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
	if err != nil {
		fmt.Println(err)
		return
	}
	stub, err := uki.OpenStub(b)
	if err != nil {
		fmt.Println("linuxx64.efi.stub:", err)
		return
	}
	image, err := stub.Layout(
		uki.Part{Section: ".osrel", Contents: []uki.Content{uki.Text("ID=debian\n")}},
		uki.Part{Section: ".cmdline", Contents: []uki.Content{uki.Text("console=ttyS0")}},
		uki.Part{Section: ".initrd", Contents: []uki.Content{{Size: 1001}, {Size: 2 << 30}}},
		uki.Part{Section: ".linux", Contents: []uki.Content{{Size: 8 << 20}}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range image.Pieces {
		switch p.Kind {
		case uki.Memory:
			fmt.Printf("%d bytes of memory\n", p.Size)
		case uki.Zeros:
			fmt.Printf("%d zeros\n", p.Size)
		case uki.External:
			fmt.Printf("%d bytes: content %d of part %d\n", p.Size, p.Content, p.Part)
		}
	}
	// Output:
	// 70656 bytes of memory
	// 10 bytes of memory
	// 502 zeros
	// 13 bytes of memory
	// 499 zeros
	// 1001 bytes: content 0 of part 2
	// 3 zeros
	// 2147483648 bytes: content 1 of part 2
	// 20 zeros
	// 8388608 bytes: content 0 of part 3
}
