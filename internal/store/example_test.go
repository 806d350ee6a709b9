package store_test

import (
	"context"
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
	ctx := context.Background()
	lease := store.Change{Key: "leases/192.0.2.10", Value: []byte("52:54:00:12:34:56")}
	// The address is given to one machine only.
	free := []store.Condition{{Key: lease.Key}}
	_, first := s.Apply(ctx, free, lease)
	_, second := s.Apply(ctx, free, lease)
	fmt.Println(first, "/", second)
	s.Close()

	s, _ = store.Open(dir)
	defer s.Close()
	leases, _ := s.List(ctx, "leases/")
	fmt.Println(leases[0].Key, string(leases[0].Value))
	// Output:
	// <nil> / the record was changed meanwhile
	// leases/192.0.2.10 52:54:00:12:34:56
}
