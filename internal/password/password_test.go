package password

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
)

// hashed is a hash that is cheap to check.
func hashed(password string) string {
	salt := []byte("saltsalt")
	key := argon2.IDKey([]byte(password), salt, 1, 64, 1, 32)
	return "$argon2id$v=19$m=64,t=1,p=1$" + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key)
}

func opened(t *testing.T, text string) (*File, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Open(name)
}

func TestPass(t *testing.T) {
	f, err := opened(t, "# who may install\nTools/Free -\nWindows 11\t"+hashed("one")+"\nTools/*  "+hashed("two")+"\n\nnever "+hashed("x")+"\n")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	g := &Gate{File: f, Now: func() time.Time { return now }}
	peer := 0
	for _, c := range []struct {
		title, password string
		want            error
	}{
		{"Debian", "", nil},
		{"Windows 11", "one", nil}, {"Windows 11", "two", ErrWrong}, {"Windows 11", "", ErrWrong},
		{"Tools/Shell", "two", nil}, {"Tools/Free", "", nil}, {"Tools/Shell", "one", ErrWrong}, {"Tools/More/Shell", "", nil},
	} {
		peer++
		if err := g.Pass(t.Context(), []string{c.title}, c.password, netip.AddrFrom4([4]byte{192, 0, 2, byte(peer)})); !errors.Is(err, c.want) {
			t.Errorf("%s with %q: %v", c.title, c.password, err)
		}
	}
	if idle := f.Idle([]string{"Windows 11", "Tools/Shell", "Tools/Free"}); len(idle) != 1 || idle[0] != "never" {
		t.Errorf("idle are %v", idle)
	}
	if (*File)(nil).Protects("x") || !f.Protects("Windows 11") {
		t.Error("what is protected")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Pass(gone, []string{"Windows 11"}, "one", netip.Addr{}); !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
}

// Whoever guesses is slowed down, also with the right one in the end, and delays nobody
// else; all together are slowed down as well, and the memory of them is bounded.
func TestGuessing(t *testing.T) {
	f, err := opened(t, "** "+hashed("one"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	g := &Gate{File: f, Now: func() time.Time { return now }}
	try := func(n int, password string) error {
		return g.Pass(t.Context(), []string{"any"}, password, netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}))
	}
	for n := range ownBurst {
		if err := try(1, fmt.Sprint(n)); !errors.Is(err, ErrWrong) {
			t.Errorf("guess %d: %v", n, err)
		}
	}
	var often *Often
	for _, again := range []bool{false, true} {
		if err := try(1, "one"); !errors.As(err, &often) || often.Wait != ownEvery || often.Again != again {
			t.Errorf("one more: %v, %+v", err, often)
		}
	}
	if err := try(2, "one"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	now = now.Add(ownEvery)
	if err := try(1, "one"); err != nil {
		t.Errorf("ten seconds later: %v", err)
	}
	wrong := 0
	for n := range 2 * peersMost {
		if errors.Is(try(1000+n, "two"), ErrWrong) {
			wrong++
		}
	}
	if wrong > allBurst || len(g.peers) > peersMost {
		t.Errorf("%d were checked, %d are remembered", wrong, len(g.peers))
	}
	if err := try(2, "one"); !errors.As(err, &often) || often.Wait != allEvery {
		t.Errorf("the right one after them: %v", err)
	}
	now = now.Add(allEvery)
	if err := try(2, "one"); err != nil {
		t.Errorf("a second later: %v", err)
	}
}

// A room of machines, and one machine many times, pass with the right password at once.
func TestRoom(t *testing.T) {
	f, err := opened(t, "** "+hashed("one"))
	if err != nil {
		t.Fatal(err)
	}
	g := &Gate{File: f, Now: func() time.Time { return time.Unix(0, 0) }}
	var room sync.WaitGroup
	for n := range 4 * allBurst {
		room.Go(func() {
			if err := g.Pass(t.Context(), []string{"any"}, "one", netip.AddrFrom4([4]byte{10, 0, 0, byte(n)})); err != nil {
				t.Errorf("machine %d: %v", n, err)
			}
		})
	}
	room.Wait()
	for n := range 4 * ownBurst {
		if err := g.Pass(t.Context(), []string{"any"}, "one", netip.AddrFrom4([4]byte{10, 0, 0, 1})); err != nil {
			t.Errorf("time %d: %v", n, err)
		}
	}
}

func TestBadFiles(t *testing.T) {
	for text, want := range map[string]string{
		"# nothing\n\n": "passwords has no line with a password",
		"lonely":        "line 1: it has no title, or no hash",
		"\nA $argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43): "line 2: this is no hash by Argon2id",
		"A $argon2id$v=19$t=1$c2FsdHNhbHQ$" + strings.Repeat("A", 43):           "says nothing of memory, passes and lanes",
		"A $argon2id$v=19$m=99999999,t=1,p=1$c2FsdHNhbHQ$AAAA":                  "takes too much",
		"A $argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAA":                        "cut off or damaged",
		"A $argon2id$v=19$m=64,t=1,p=1$!$" + strings.Repeat("A", 43):            "cut off or damaged",
		"[ " + hashed("one"):                 "is no pattern of titles",
		"# " + strings.Repeat("x", sizeMost): "more than",
	} {
		if _, err := opened(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("A " + hashed("one"))
	f.Add("# x\n\n** $argon2id$v=19$m=64,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parse("passwords", text)
		if err != nil {
			return
		}
		for _, r := range parsed.rules {
			if !r.open && (r.hash.memory == 0 || r.hash.memory > memoryMost || r.hash.lanes == 0 || len(r.hash.salt) < 8) {
				t.Errorf("%+v", r.hash)
			}
		}
	})
}
