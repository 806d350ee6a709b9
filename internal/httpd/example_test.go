package httpd_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing/fstest"

	"github.com/spurboot/spur/internal/httpd"
)

func Example() {
	files := &httpd.Handler{
		Open: httpd.FS(fstest.MapFS{"boot/kernel": {Data: []byte("a kernel")}}),
		Hooks: httpd.Hooks{
			End: func(t *httpd.Transfer, s httpd.Stats, err error) {
				fmt.Printf("%s %s %s: %d, %d of %d bytes, %v\n", t.Method, t.Name, t.Range, s.Status, s.Bytes, t.Size, err)
			},
		},
	}
	server := httptest.NewServer(files) // in the daemon: an httpd.Server
	defer server.Close()

	request, _ := http.NewRequest("GET", server.URL+`//boot\kernel`, nil)
	request.Header.Set("Range", "bytes=2-")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	server.Close()
	fmt.Printf("%s %q\n", response.Header.Get("Content-Range"), body)
	// Output:
	// GET boot/kernel bytes=2-: 206, 6 of 8 bytes, <nil>
	// bytes 2-7/8 "kernel"
}
