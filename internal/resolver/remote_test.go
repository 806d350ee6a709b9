package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

func remoteAt(t *testing.T, config RemoteConfig) *Remote {
	t.Helper()
	r, err := NewRemote(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// The request is Pixiecore's, and what Spur adds is in headers.
func TestRequest(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		fmt.Fprint(w, `{"kernel": "/kernel"}`)
	}))
	defer server.Close()
	r := remoteAt(t, RemoteConfig{Prefix: server.URL + "/baz/"})
	c := machine(0xab)
	c.UUID, c.VLAN = boot.UUID{0x12, 0x34, 15: 0xff}, 7
	payload, err := r.Resolve(t.Context(), c)
	if err != nil || kernelOf(payload) != server.URL+"/kernel" {
		t.Fatalf("%+v, %v", payload, err)
	}
	if got.Method != "GET" || got.RequestURI != "/baz/v1/boot/52:54:00:12:34:ab" || got.ContentLength != 0 {
		t.Errorf("%s %s with %d bytes", got.Method, got.RequestURI, got.ContentLength)
	}
	var headers []string
	for key, values := range got.Header {
		if strings.HasPrefix(key, "X-Spur-") {
			headers = append(headers, key+": "+strings.Join(values, "|"))
		}
	}
	slices.Sort(headers)
	want := []string{
		"X-Spur-Arch: x64", "X-Spur-Firmware: uefi", "X-Spur-Loader: rom", "X-Spur-Proto: pxe",
		"X-Spur-Uuid: 12340000-0000-0000-0000-0000000000ff", "X-Spur-Vlan: 7",
	}
	if !slices.Equal(headers, want) {
		t.Errorf("headers %q, want %q", headers, want)
	}
	if _, err := r.Resolve(t.Context(), boot.Client{MAC: c.MAC}); err != nil {
		t.Fatal(err)
	}
	if got.Header.Get("X-Spur-Arch") != "" || got.Header.Get("X-Spur-UUID") != "" {
		t.Errorf("what is not known is told: %v", got.Header)
	}
}

func TestRemoteRefusals(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(refuse))
	defer server.Close()
	for prefix, want := range map[string]string{
		"/404": `says "404 Not Found" for 52:54:00:12:34:01, which means that it is not to be booted`,
		"/403": `says "403 Forbidden"`,
		"/204": `says "204 No Content"`,
	} {
		payload, err := remoteAt(t, RemoteConfig{Prefix: server.URL + prefix}).Resolve(t.Context(), machine(1))
		if !errors.Is(err, boot.ErrIgnore) || !strings.Contains(err.Error(), want) || advice.Of(err) != "" {
			t.Errorf("%s: %+v, %v; want %q", prefix, payload, err, want)
		}
	}
}

// A server that fails is not one that leaves a machine alone: the error says
// which server it is, what is wrong, and what to do.
func TestRemoteFailures(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(refuse))
	defer server.Close()
	try := "curl -i " + server.URL
	for prefix, want := range map[string][2]string{
		"/500":    {`answers "500 Internal Server Error" for 52:54:00:12:34:01`, "look at its log; see what it says: " + try + "/500/v1/boot/52:54:00:12:34:01"},
		"/503":    {`answers "503 Service Unavailable"`, "look at its log"},
		"/429":    {`answers "429 Too Many Requests"`, "look at its log"},
		"/html":   {"is of no use: it is no JSON document", try},
		"/nil":    {"is of no use: it is empty", try},
		"/none":   {`is of no use: it names no "kernel"`, try},
		"/big":    {"answers with more than 1048576 bytes", try},
		"/broken": {"ended the connection before its answer was whole", try},
		"/loop":   {"cannot be asked: stopped after 10 redirects", try},
		"/short":  {"ended the connection before its answer was whole", try},
		"/file":   {"names a file of this host that it can't have: /etc/shadow", ""},
		"/extra":  {"names a file of this host that it can't have: /etc/shadow", ""},
	} {
		payload, err := remoteAt(t, RemoteConfig{Prefix: server.URL + prefix}).Resolve(t.Context(), machine(1))
		if err == nil || errors.Is(err, boot.ErrIgnore) || !strings.Contains(err.Error(), want[0]) || !strings.Contains(err.Error(), server.URL+prefix+"/v1") {
			t.Errorf("%s: %+v, %v; want %q", prefix, payload, err, want[0])
		}
		if !strings.Contains(advice.Of(err), want[1]) {
			t.Errorf("%s: advice %q; want %q", prefix, advice.Of(err), want[1])
		}
	}
}

// What the operator opened to the API may be named, and nothing beside it.
func TestAllowedFiles(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"kernel": "file://%s"}`, strings.TrimSuffix(r.URL.Path, "/v1/boot/52:54:00:12:34:01"))
	}))
	defer server.Close()
	allow := func(path string) error {
		if !strings.HasPrefix(path, "/srv/boot/") {
			return advice.New("not allowed", "allow it")
		}
		return nil
	}
	for path, ok := range map[string]bool{"/srv/boot/k": true, "/srv/boot/../k": false, "/srv/boot": false, "/etc/shadow": false} {
		payload, err := remoteAt(t, RemoteConfig{Prefix: server.URL + path, Allow: allow}).Resolve(t.Context(), machine(1))
		if (err == nil) != ok || !ok && advice.Of(err) != "allow it" {
			t.Errorf("%s: %+v, %v", path, payload, err)
		}
	}
}

func refuse(w http.ResponseWriter, r *http.Request) {
	switch kind, _, _ := strings.Cut(r.URL.Path[1:], "/"); kind {
	case "404":
		http.NotFound(w, r)
	case "204", "403", "429", "503":
		status, _ := strconv.Atoi(kind)
		w.WriteHeader(status)
	case "none":
		fmt.Fprint(w, `{}`)
	case "file":
		fmt.Fprint(w, `{"kernel": "file:///etc/shadow"}`)
	case "extra":
		fmt.Fprint(w, `{"kernel": "/k", "cmdline": "x={{ URL \"file:///srv/../etc/shadow\" }}"}`)
	case "500":
		http.Error(w, `{"kernel": "/kernel"}`, http.StatusInternalServerError)
	case "html":
		fmt.Fprint(w, "<html>")
	case "big":
		fmt.Fprint(w, `{"kernel": "/`, strings.Repeat("k", answerMost), `"}`)
	case "broken":
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.Close()
	case "loop":
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	case "short":
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "{")
	}
}

func TestRedirects(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/new" && r.Header.Get("X-Spur-Arch") == "x64" {
			fmt.Fprint(w, `{"kernel": "kernel"}`)
			return
		}
		http.Redirect(w, r, "/new", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	payload, err := remoteAt(t, RemoteConfig{Prefix: server.URL + "/old"}).Resolve(t.Context(), machine(1))
	if want := server.URL + "/old/kernel"; err != nil || kernelOf(payload) != want {
		t.Errorf("%+v, %v; want kernel %s", payload, err, want)
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	prefix := "http://user:secret@" + listener.Addr().String()
	listener.Close()
	_, err = remoteAt(t, RemoteConfig{Prefix: prefix}).Resolve(t.Context(), machine(1))
	if errors.Is(err, boot.ErrIgnore) || !strings.Contains(err.Error(), listener.Addr().String()+"/v1 cannot be reached: no server runs at ") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	if advice := advice.Of(err); !strings.Contains(advice, "start it") {
		t.Errorf("advice %q", advice)
	}
}

// An API that is slow about one machine is given up after the timeout, and
// answers about others meanwhile.
func TestSlowMachineDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := newWire()
		transport, end := network.serve(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "34:01") {
				time.Sleep(10 * time.Second)
			}
			fmt.Fprint(w, `{"kernel": "/kernel"}`)
		})
		defer end()
		shared := NewCoalescer(remoteAt(t, RemoteConfig{Prefix: "http://api.example.org", Transport: transport}), CoalescerConfig{})
		defer shared.Close()

		start := time.Now()
		slow := make(chan error)
		go func() {
			_, err := shared.Resolve(t.Context(), machine(1))
			slow <- err
		}()
		synctest.Wait()
		for n := range byte(100) {
			if _, err := shared.Resolve(t.Context(), machine(n+2)); err != nil {
				t.Errorf("machine %d: %v", n+2, err)
			}
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the others waited %s", waited)
		}
		err := <-slow
		if errors.Is(err, boot.ErrIgnore) || !strings.Contains(err.Error(), "did not answer within 5s") {
			t.Errorf("%v", err)
		}
		if waited := time.Since(start); waited != defaultTimeout {
			t.Errorf("the slow one was given up after %s", waited)
		}
		time.Sleep(10 * time.Second)
	})
}

// The timeout is one for headers and body.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport, end := newWire().serve(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				w.(http.Flusher).Flush()
				time.Sleep(time.Second)
			}
		})
		defer end()
		r := remoteAt(t, RemoteConfig{Prefix: "http://api.example.org", Timeout: 3 * time.Second, Transport: transport})
		start := time.Now()
		_, err := r.Resolve(t.Context(), machine(1))
		if errors.Is(err, boot.ErrIgnore) || !strings.Contains(err.Error(), "did not answer within 3s") || !strings.Contains(advice.Of(err), "--api-timeout") || time.Since(start) != 3*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		time.Sleep(2 * time.Second)
	})
}

// Being given up by the caller is no verdict on the machine.
func TestCallerLeavesRemote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport, end := newWire().serve(func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) })
		defer end()
		r := remoteAt(t, RemoteConfig{Prefix: "http://api.example.org", Transport: transport})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if _, err := r.Resolve(ctx, machine(1)); !errors.Is(err, context.Canceled) || errors.Is(err, boot.ErrIgnore) {
			t.Errorf("%v", err)
		}
		time.Sleep(2 * time.Second)
	})
}
