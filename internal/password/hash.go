package password

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// hash is a password's hash by Argon2id (RFC 9106).
type hash struct {
	memory, passes uint32 // in KiB; over that memory
	lanes          uint8
	salt, key      []byte
}

// Bounds of what a hash may cost to check: it is checked while a machine waits.
const (
	memoryMost = 256 << 10
	passesMost = 16
	lanesMost  = 16
)

// parseHash reads the usual encoding of a hash, which argon2(1) prints with -id -e:
// $argon2id$v=19$m=65536,t=3,p=4$SALT$KEY.
func parseHash(text string) (h hash, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return hash{}, errors.New("this is no hash by Argon2id, $argon2id$v=19$…")
	}
	if n, err := fmt.Sscanf(parts[3]+" ", "m=%d,t=%d,p=%d ", &h.memory, &h.passes, &h.lanes); n != 3 || err != nil {
		return hash{}, fmt.Errorf("%q says nothing of memory, passes and lanes, m=65536,t=3,p=4", parts[3])
	}
	if h.memory > memoryMost || h.passes > passesMost || h.lanes > lanesMost || h.memory == 0 || h.passes == 0 || h.lanes == 0 {
		return hash{}, fmt.Errorf("a hash with %s takes too much, or too little, to check; at most m=%d,t=%d,p=%d", parts[3], memoryMost, passesMost, lanesMost)
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err == nil {
		h.key, err = base64.RawStdEncoding.DecodeString(parts[5])
	}
	if err != nil || len(h.salt) < 8 || len(h.key) < 16 || len(h.key) > 64 {
		return hash{}, errors.New("the salt or the key of the hash is cut off or damaged")
	}
	return h, nil
}

// is tells whether a password is the one that was hashed, in a time that doesn't depend on
// how much of it is right.
func (h hash) is(password string) bool {
	key := argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.lanes, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}
