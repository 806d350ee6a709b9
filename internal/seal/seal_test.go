package seal

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func testKey(t testing.TB) *Key {
	t.Helper()
	k, err := ParseKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestRoundTrip(t *testing.T) {
	k, other := testKey(t), NewKey()
	for _, n := range []int{0, 1, 15, 16, 17, 40, 255, MaxPlaintext} {
		plaintext := bytes.Repeat([]byte{'x'}, n)
		token := k.Seal(plaintext)
		if len(token) != TokenLen(n) || len(token) > MaxToken {
			t.Errorf("%d bytes: token of %d characters, TokenLen says %d", n, len(token), TokenLen(n))
		}
		if token != testKey(t).Seal(plaintext) {
			t.Errorf("%d bytes: sealed differently the second time", n)
		}
		if got, err := k.Open(token); err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("%d bytes: opened as %q, %v", n, got, err)
		}
		if _, err := other.Open(token); !errors.Is(err, ErrForged) {
			t.Errorf("%d bytes: another key says %v", n, err)
		}
	}
	if MaxToken != TokenLen(MaxPlaintext) {
		t.Errorf("MaxToken is %d, the longest token has %d", MaxToken, TokenLen(MaxPlaintext))
	}
}

// TestCounterMode has the stream be that of the standard library, also where the counter
// overflows.
func TestCounterMode(t *testing.T) {
	k := testKey(t)
	c := k.get()
	for _, iv := range [][sivSize]byte{{}, {1, 2, 3}, {15: 0xff}, [sivSize]byte(bytes.Repeat([]byte{0xff}, sivSize)), {0: 7, 13: 0xff, 14: 0xff, 15: 0xfe}} {
		for _, n := range []int{0, 1, 15, 16, 17, 40, MaxPlaintext} {
			got, want := bytes.Repeat([]byte{'x'}, n), make([]byte, n)
			cipher.NewCTR(c.block, iv[:]).XORKeyStream(want, got)
			if c.xor(iv, got); !bytes.Equal(got, want) {
				t.Errorf("%x, %d bytes: %x, and not %x", iv, n, got, want)
			}
		}
	}
}

// TestAppend seals and opens behind what there is.
func TestAppend(t *testing.T) {
	k, plaintext := testKey(t), []byte("a handle of forty bytes and what is more")
	token := k.AppendSeal([]byte("so "), plaintext)
	if string(token) != "so "+k.Seal(plaintext) {
		t.Errorf("sealed as %s", token)
	}
	if got, err := k.AppendOpen([]byte("so "), token[3:]); err != nil || string(got) != "so "+string(plaintext) {
		t.Errorf("opened as %q, %v", got, err)
	}
}

func TestSealTooLong(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a plaintext over the bound was sealed")
		}
	}()
	testKey(t).Seal(make([]byte, MaxPlaintext+1))
}

// Every single changed bit must be noticed.
func TestForgery(t *testing.T) {
	k := testKey(t)
	token := k.Seal([]byte("boot/1"))
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	for bit := range len(raw) * 8 {
		forged := bytes.Clone(raw)
		forged[bit/8] ^= 1 << (bit % 8)
		if _, err := k.Open(base64.RawURLEncoding.EncodeToString(forged)); !errors.Is(err, ErrForged) {
			t.Errorf("bit %d changed: %v", bit, err)
		}
	}
}

// One plaintext has one spelling.
func TestMalformed(t *testing.T) {
	k := testKey(t)
	token := k.Seal([]byte("boot/12")) // 23 bytes: the last character has 2 unused bits
	last := token[:len(token)-1]
	for name, bad := range map[string]string{
		"empty":         "",
		"short":         token[:20],
		"cut":           token[:len(token)-3],
		"longer":        token + "AAAA",
		"padded":        token + "=",
		"line end":      token[:4] + "\n" + token[4:],
		"space":         " " + token,
		"not base64url": "+/" + token[2:],
		"beyond bound":  strings.Repeat("A", MaxToken+1),
		"trailing bits": last + string(token[len(token)-1]+1),
	} {
		if got, err := k.Open(bad); !errors.Is(err, ErrForged) {
			t.Errorf("%s: opened as %q, %v", name, got, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	k := NewKey()
	again, err := ParseKey("  " + k.Text() + "\n")
	if err != nil || again.Text() != k.Text() || again.Seal([]byte("a")) != k.Seal([]byte("a")) {
		t.Errorf("key changed on its way through text: %v", err)
	}
	for _, bad := range []string{"", "AAAA", k.Text() + "AAAA", strings.Repeat("!", 43)} {
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("key %q was taken", bad)
		}
	}
	for _, format := range []string{"%v", "%s", "%+v", "%#v"} {
		if s := fmt.Sprintf(format, k); s != "seal.Key(secret)" {
			t.Errorf("%s prints %q", format, s)
		}
	}
}

func TestLoadKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	var wg sync.WaitGroup
	texts := make([]string, 8)
	for i := range texts {
		wg.Go(func() {
			k, err := LoadKey(path)
			if err != nil {
				t.Error(err)
				return
			}
			texts[i] = k.Text()
		})
	}
	wg.Wait()
	for _, text := range texts[1:] {
		if text != texts[0] {
			t.Fatal("servers that started together have different keys")
		}
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("key file has mode %v", info.Mode())
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".key-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	os.WriteFile(path, []byte("nonsense"), 0o600)
	if _, err := LoadKey(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a broken key file: %v", err)
	}
	if _, err := LoadKey(filepath.Join(t.TempDir(), "no", "key")); err == nil {
		t.Error("a key was made in a folder that doesn't exist")
	}
}

func FuzzOpen(f *testing.F) {
	k := testKey(f)
	token := k.Seal([]byte("https://example.org/vmlinuz"))
	for _, seed := range []string{"", "A", token, token[1:], token + "A", k.Seal(nil)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		plaintext, err := k.Open(token)
		if err == nil && k.Seal(plaintext) != token {
			t.Errorf("%q opened as %q, which seals differently", token, plaintext)
		}
		if err != nil && !errors.Is(err, ErrForged) {
			t.Errorf("%q: %v", token, err)
		}
	})
}
