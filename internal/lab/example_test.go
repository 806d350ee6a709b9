package lab_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"github.com/spurboot/spur/internal/lab"
)

// Two hosts on a wire; one serves, the other fetches.
func Example() {
	l, err := lab.New(context.Background(), lab.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	wire, err := l.Wire("wire")
	if err != nil {
		log.Fatal(err)
	}
	server, err := l.Host("server", lab.On(wire, "10.77.0.1/24"))
	if err != nil {
		log.Fatal(err)
	}
	client, err := l.Host("client", lab.On(wire, "10.77.0.2/24"))
	if err != nil {
		log.Fatal(err)
	}

	var listener net.Listener
	err = server.Do(func() (err error) {
		listener, err = net.Listen("tcp", "10.77.0.1:80")
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintf(w, "hello %s", host)
	})}
	go web.Serve(listener)
	defer web.Close()

	transport := &http.Transport{DialContext: client.Dial, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Get("http://10.77.0.1/")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(string(body))
	// Output: hello 10.77.0.2
}
