package san

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestOnlyItsPath: an only disk has a path as each of several has, and what asks
// for another is told which there is.
func TestOnlyItsPath(t *testing.T) {
	addr := serveHTTP(t, "my disk.img")
	for path, want := range map[string]int{
		"/my%20disk.img": http.StatusOK, "/": http.StatusNotFound, "/my%20disk.im": http.StatusNotFound,
		"/my%20disk.img/": http.StatusNotFound, "/x/my%20disk.img": http.StatusNotFound, "//my%20disk.img": http.StatusNotFound,
	} {
		answer, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != want {
			t.Errorf("%s: %s, %v", path, answer.Status, err)
		}
		if want == http.StatusNotFound && !strings.Contains(string(body), "\n/my%20disk.img\n") {
			t.Errorf("%s: it doesn't say what there is: %q", path, body)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
