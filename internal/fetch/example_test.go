package fetch_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/fetch"
)

func Example() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("upstream is asked")
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("a kernel"))
	}))
	defer upstream.Close()
	dir, err := os.MkdirTemp("", "fetch")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	cache, err := fetch.New(fetch.Options{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cache.Close()

	for range 2 {
		f, err := cache.Open(context.Background(), upstream.URL+"/vmlinuz")
		if err != nil {
			fmt.Println(err)
			return
		}
		kernel, err := io.ReadAll(f)
		fmt.Printf("%s %q %v\n", f.ETag(), kernel, err)
		f.Close()
	}
	// Output:
	// upstream is asked
	// "v1" "a kernel" <nil>
	// "v1" "a kernel" <nil>
}
