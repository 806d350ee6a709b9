package boot_test

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

func ExampleParseCmdline() {
	cmdline, err := boot.ParseCmdline(`quiet config={{ ID "/srv/node.yaml" }}`)
	if err != nil {
		panic(err)
	}
	served := func(f boot.File) string { return "http://10.0.0.1/" + f.Base() }
	fmt.Println(cmdline.Expand(served, ""))
	// Output: quiet config=http://10.0.0.1/node.yaml
}
