package advice_test

import (
	"errors"
	"fmt"

	"github.com/spurboot/spur/internal/advice"
)

func Example() {
	err := advice.Wrap(errors.New("port 80 is in use"), "choose another one with --http-port")
	err = fmt.Errorf("start the HTTP server: %w", err)
	fmt.Println(err)
	fmt.Println(advice.Of(err))
	// Output:
	// start the HTTP server: port 80 is in use
	// choose another one with --http-port
}
