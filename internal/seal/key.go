package seal

import (
	"crypto/aes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/spurboot/spur/internal/wholefile"
)

// KeySize is the size of a key in bytes.
const KeySize = 32

// Key seals and opens. Make one with [NewKey], [ParseKey] or [LoadKey]; the
// zero Key is not a secret. A Key is safe for concurrent use and doesn't show
// itself when it is printed.
type Key struct {
	secret [KeySize]byte

	ciphers sync.Pool // of *sivCipher, with what is derived from it
}

// NewKey returns a fresh random key.
func NewKey() *Key {
	var secret [KeySize]byte
	rand.Read(secret[:]) // never fails since Go 1.24
	return derive(secret)
}

// ParseKey reads a key as [Key.Text] writes it: 32 bytes in base64url without
// padding. Space around it is ignored.
func ParseKey(text string) (*Key, error) {
	raw, err := strict().DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("seal: key is not base64url: %w", err)
	}
	if len(raw) != KeySize {
		return nil, fmt.Errorf("seal: key has %d bytes, %d are needed", len(raw), KeySize)
	}
	return derive([KeySize]byte(raw)), nil
}

// LoadKey reads the key in the file path. Where there is no such file, it
// writes a new key there, readable by its owner only; of several servers that
// start together over one directory, all load the same key.
func LoadKey(path string) (*Key, error) {
	k, err := ReadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := createKey(path, NewKey()); err != nil {
		return nil, fmt.Errorf("seal: can't write a new key: %w", err)
	}
	return ReadKey(path)
}

// Text is the key in the form that [ParseKey] reads, to be stored or copied to
// another server. It is the secret itself.
func (k *Key) Text() string { return base64.RawURLEncoding.EncodeToString(k.secret[:]) }

// String keeps the secret out of logs.
func (k *Key) String() string { return "seal.Key(secret)" }

// GoString keeps the secret out of logs.
func (k *Key) GoString() string { return k.String() }

func derive(secret [KeySize]byte) *Key {
	mac := subkey(secret, "spur seal 1 mac")
	block, err := aes.NewCipher(subkey(secret, "spur seal 1 enc"))
	if err != nil {
		panic("seal: " + err.Error()) // only for a key of a wrong size
	}
	return &Key{secret: secret, ciphers: sync.Pool{New: func() any {
		return &sivCipher{mac: hmac.New(sha256.New, mac), block: block}
	}}}
}

func subkey(secret [KeySize]byte, label string) []byte {
	sub, err := hkdf.Key(sha256.New, secret[:], nil, label, KeySize)
	if err != nil {
		panic("seal: " + err.Error()) // only for a length beyond HKDF's bound
	}
	return sub
}

// ReadKey reads the key in the file path, and writes nothing.
func ReadKey(path string) (*Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("seal: can't read the key: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return nil, fmt.Errorf("seal: can't read the key: %w", err)
	}
	k, err := ParseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w (in %s; remove the file to get a new key)", err, path)
	}
	return k, nil
}

// createKey leaves a key that another server has made as it is.
func createKey(path string, k *Key) error {
	if err := wholefile.Create(path, []byte(k.Text()+"\n"), 0o600); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
