package daemon

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/target"
	"github.com/spurboot/spur/internal/timeline"
)

// Each wrong password is told, and once that no more are looked at, which the right one is
// answered by too; a request without any is told of as nothing, nor is any as a transfer.
func TestPasswordsAreTold(t *testing.T) {
	l, item := lockedMenu(t)
	var log lockedBuffer
	v := newNotices(Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	story := timeline.New(timeline.Config{})
	tr := newOffers(t, resolver.Static{Payload: answertest.Kernel()}).Tree
	tr.Resolver = l.Resolver()
	tr.Locked, tr.Unlock = l.Passwords()
	f := &files{tree: tr, events: story, booted: func(boot.MAC) {}, clients: &decide.Clients{}}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	web := serveFiles(ctx, t, &running, f, v)
	c := answertest.Machine(14, boot.UEFI, boot.IPXE)
	c.Item = item
	url := "http://" + web.http + "/" + tr.Path(c, route.Configured(boot.IPXE, route.HTTP))
	asks := func(password string) (int, string, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			r.SetBasicAuth("menu", password)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text), resp.Header.Get("Retry-After")
	}
	if status, text, _ := asks(""); status != 401 || !strings.Contains(text, "asks for a password") {
		t.Errorf("without one: %d %s", status, text)
	}
	if log.String() != "" {
		t.Errorf("of none it tells %s", log.String())
	}
	for range 5 {
		if status, text, _ := asks("no"); status != 401 || text != "spur: the password is wrong\n" {
			t.Errorf("a wrong one: %d %s", status, text)
		}
	}
	for range 3 {
		if status, text, after := asks("secret"); status != 429 || !strings.HasPrefix(text, "spur: too many wrong passwords, none is checked for ") || after == "" {
			t.Errorf("the right one then: %d %s %s", status, text, after)
		}
	}
	asks("")
	cancel()
	running.Wait() // what a server tells may come after what it answers
	said := log.String()
	for text, times := range map[string]int{
		`"msg":"warning: 52:54:00:00:00:0e at 127.0.0.1: menu item Kernel: the password is wrong","sub":"http","mac":"52:54:00:00:00:0e","step":"password","peer":"127.0.0.1"`: 5,
		`menu item Kernel: too many wrong passwords, none is checked for `: 2, // message and err of one record
		"\n": 6,
	} {
		if n := strings.Count(said, text); n != times {
			t.Errorf("%q is told %d times in %s", text, n, said)
		}
	}
	if len(story.Attempts(c.MAC)) != 0 {
		t.Errorf("the story has %+v", story.Attempts(c.MAC))
	}
}

// lockedMenu is a menu with the local disk and a kernel, whose number is told and whose
// password is "secret", hashed cheaply by argon2(1): -t 1 -k 64 -p 1.
func lockedMenu(t *testing.T) (target.Inspected, uint16) {
	t.Helper()
	kernel, passwords := filepath.Join(t.TempDir(), "kernel"), filepath.Join(t.TempDir(), "passwords")
	for path, text := range map[string]string{
		kernel:    string(flatKernel("one")),
		passwords: "Kernel $argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$TnDEl2tJgYtaYZt0/5f59Jf56vkIG4EtQACv6SLO2cI\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	menu := target.Target{}
	words := target.MenuWords{Kind: target.MenuByLoader, Default: "1", Passwords: passwords}
	if err := menu.AddMenu([]string{"local", "Kernel=" + kernel}, words, nil, nil); err != nil {
		t.Fatal(err)
	}
	l, err := menu.Inspect(t.Context(), target.Upstream{Say: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	return l, l.Payload.Content.(boot.Menu).Items[1].Item
}
