package image_test

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/image"
)

func ExampleLook() {
	script := "#!ipxe\nchain http://boot.example.org/menu\n"
	found, err := image.Look(strings.NewReader(script), int64(len(script)))
	fmt.Println(found.Description, err)

	page := "<!DOCTYPE html><title>Sign in</title>"
	_, err = image.Look(strings.NewReader(page), int64(len(page)))
	fmt.Println(err)
	// Output:
	// iPXE script <nil>
	// this is a web page ("sign in"), not something that boots
}
