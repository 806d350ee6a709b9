package seal_test

import (
	"fmt"

	"github.com/spurboot/spur/internal/seal"
)

func Example() {
	key, err := seal.ParseKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	if err != nil {
		fmt.Println(err)
		return
	}
	token := key.Seal([]byte("https://example.org/vmlinuz"))
	fmt.Println("/f/" + token)

	plaintext, err := key.Open(token)
	fmt.Printf("%s %v\n", plaintext, err)

	_, err = key.Open("A" + token[1:])
	fmt.Println(err)
	// Output:
	// /f/JYTwLdhTFkGMcXDfglfldSPW-9i4HDe6c6ZH5rFHJgPzOwbq733ANlGN3Q
	// https://example.org/vmlinuz <nil>
	// seal: token was not sealed with this key; fetch the boot script again
}
