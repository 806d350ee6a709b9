package store_test

import (
	"fmt"
	"log"
	"os"

	"github.com/spurboot/spur/internal/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "spur")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	s, err := store.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	s.Put("leases", "192.0.2.10", []byte("52:54:00:12:34:56"))
	s.Close()

	s, _ = store.Open(dir)
	defer s.Close()
	leases, _ := s.All("leases")
	fmt.Println(leases[0].Key, string(leases[0].Value))
	// Output: 192.0.2.10 52:54:00:12:34:56
}
