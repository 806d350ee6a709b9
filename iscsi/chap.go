package iscsi

import (
	"crypto/md5"  //nolint:gosec // CHAP's own algorithm (RFC 1994), the only one every initiator has.
	"crypto/sha1" //nolint:gosec // CHAP algorithm 6 (RFC 7143 section 12.1.3).
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
	"strings"
)

// Credentials are a CHAP name and secret (RFC 7143 section 12.1.3).
type Credentials struct {
	Name   string
	Secret string
}

// Auth is how initiators of a target prove who they are.
type Auth struct {
	// Secret returns the secret of a CHAP name, false where there is none.
	// initiator is the name that the initiator gave itself, unproven.
	Secret func(initiator, chapName string) (secret string, ok bool)
	// Mutual is what the target proves itself with where the initiator asks.
	// Its secret must differ from those of initiators.
	Mutual *Credentials
}

// Static makes an Auth of one name and secret.
func (c Credentials) Static() *Auth {
	return &Auth{Secret: func(_, name string) (string, bool) { return c.Secret, name == c.Name }}
}

// chapHashes are the algorithms by their numbers, in IANA's registry.
var chapHashes = map[string]func() hash.Hash{"5": md5.New, "6": sha1.New, "7": sha256.New}

// chapLen are the bytes of challenges: RFC 7143 allows up to 1024.
const (
	chapLen    = 32
	maxChapLen = 1024
)

// chap is one exchange (RFC 1994, RFC 7143 section 12.1.3).
type chap struct {
	hash      func() hash.Hash
	id        byte
	challenge []byte
}

// begin picks the first algorithm of the initiator's list that we have, and
// returns what to send.
func (c *chap) begin(offer string, random func([]byte)) ([]pair, error) {
	for a := range strings.SplitSeq(offer, ",") {
		if c.hash = chapHashes[a]; c.hash == nil {
			continue
		}
		var seed [chapLen + 1]byte
		random(seed[:])
		c.id, c.challenge = seed[0], seed[1:]
		return []pair{
			{"CHAP_A", a},
			{"CHAP_I", strconv.Itoa(int(c.id))},
			{"CHAP_C", encodeBinary(c.challenge)},
		}, nil
	}
	return nil, errors.New("chap: none of the initiator's algorithms is known")
}

func (c *chap) response(id byte, secret string, challenge []byte) []byte {
	h := c.hash()
	h.Write([]byte{id})
	h.Write([]byte(secret))
	h.Write(challenge)
	return h.Sum(nil)
}

// verify checks the initiator's response to our challenge.
func (c *chap) verify(secret, response string) error {
	got, err := decodeBinary(response)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(got, c.response(c.id, secret, c.challenge)) != 1 {
		return errors.New("chap: the response doesn't match the secret")
	}
	return nil
}

// answer responds to the initiator's challenge. A challenge of our own that is
// sent back to us is refused: it would make us compute the initiator's proof.
func (c *chap) answer(id, challenge string, own Credentials) ([]pair, error) {
	n, ok := number(id, 0, 255)
	if !ok {
		return nil, errors.New("chap: CHAP_I is no number of one byte")
	}
	data, err := decodeBinary(challenge)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 || subtle.ConstantTimeCompare(data, c.challenge) == 1 {
		return nil, errors.New("chap: the initiator reflects our challenge")
	}
	return []pair{
		{"CHAP_N", own.Name},
		{"CHAP_R", encodeBinary(c.response(byte(n), own.Secret, data))},
	}, nil
}

func encodeBinary(p []byte) string { return "0x" + hex.EncodeToString(p) }

// decodeBinary reads a large binary value, hexadecimal or base64
// (RFC 7143 section 6.1).
func decodeBinary(s string) ([]byte, error) {
	if len(s) > 2+2*maxChapLen {
		return nil, errors.New("chap: a value longer than 1024 bytes")
	}
	switch prefix := strings.ToLower(s[:min(2, len(s))]); prefix {
	case "0x":
		digits := s[2:]
		if len(digits)%2 == 1 {
			digits = "0" + digits
		}
		return hex.DecodeString(digits)
	case "0b":
		return base64.StdEncoding.DecodeString(s[2:])
	}
	return nil, errors.New("chap: a value that is neither hexadecimal nor base64")
}
