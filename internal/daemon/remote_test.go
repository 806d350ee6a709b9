package daemon

import (
	"net/http/httptest"
	"testing"
)

// An API that is down is found at the start.
func TestReachAPI(t *testing.T) {
	server := httptest.NewServer(nil)
	r := Remote{URL: server.URL + "/prefix"}
	if err := r.reach(t.Context()); err != nil {
		t.Error(err)
	}
	server.Close()
	if err := r.reach(t.Context()); err == nil {
		t.Error("an API that is down can be reached")
	}
}
