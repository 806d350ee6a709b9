// Package seal makes names that can be neither guessed nor forged.
//
// Every URL that Spur hands to a machine begins with a sealed element: the
// boot it belongs to, or the upstream file that it stands for. The machine
// gives it back later, possibly to another server or after a restart, and the
// server must be able to trust it without having kept anything. If the
// elements were plain, anybody on the wire could ask the server to fetch any
// URL for them.
//
// Sealing is deterministic: the same plaintext under the same key always gives
// the same token, so a URL is the same after a restart and on every server
// that shares the key, HTTP caches and ranges keep working, and two requests
// for one file are seen to be two requests for one file. A nonce-based cipher
// can't have that property safely (a repeated nonce breaks AES-GCM), which is
// why the construction is a synthetic IV, after RFC 5297 (SIV):
//
//	siv   = HMAC-SHA256(k1, plaintext)[:16]
//	body  = AES-256-CTR(k2, iv = siv) over plaintext
//	token = base64url(siv || body), no padding (RFC 4648 section 5)
//
// k1 and k2 come from the [Key] by HKDF-SHA256 (RFC 5869). It isn't the AES-SIV
// of RFC 5297 byte for byte: HMAC stands in for S2V over CMAC, because the
// standard library has the former.
//
// # Limits
//
//   - Equal plaintexts are seen to be equal, and a token tells the length of
//     its plaintext. Nothing else leaks.
//   - A token has no age: it is good for as long as its key. Put a time or a
//     serial number in the plaintext where that matters, or change the key.
//   - A token is a bearer name: who has seen it can use it. It says what to
//     serve, never who is asking.
//   - Forging one takes about 2^128 guesses against the server; two plaintexts
//     share an siv after about 2^64 of them.
//   - The PXE file field holds 128 bytes (RFC 2131 section 2). [TokenLen] of 40
//     bytes of plaintext is 75: keep what is sealed for a TFTP name short.
package seal

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
)

const (
	sivSize = 16

	// MaxPlaintext is the longest plaintext that can be sealed, in bytes. What
	// may be longer, as URLs are, is sealed as its hash.
	MaxPlaintext = 512

	// MaxToken is the length of the longest token, in bytes.
	MaxToken = ((sivSize+MaxPlaintext)*8 + 5) / 6
)

// ErrForged says that a token was not made with this key: it was mistyped, cut
// short, made up, or sealed by a server with another key.
var ErrForged = errors.New("token was not sealed with this key; fetch the boot script again")

// strict refuses tokens whose unused trailing bits are set, so that one
// plaintext has one token only.
func strict() *base64.Encoding { return base64.RawURLEncoding.Strict() }

// TokenLen is the length in bytes of the token of a plaintext of n bytes.
func TokenLen(n int) int { return base64.RawURLEncoding.EncodedLen(sivSize + n) }

// Seal returns the token of plaintext: URL-safe, deterministic, [TokenLen]
// bytes long. It panics when plaintext is longer than [MaxPlaintext]: what is
// sealed is the server's own, and its length is checked where it comes in.
func (k *Key) Seal(plaintext []byte) string {
	return string(k.AppendSeal(make([]byte, 0, TokenLen(len(plaintext))), plaintext))
}

// AppendSeal appends what [Key.Seal] returns, and allocates nothing where dst has room.
func (k *Key) AppendSeal(dst, plaintext []byte) []byte {
	if len(plaintext) > MaxPlaintext {
		panic(fmt.Sprintf("seal: plaintext of %d bytes is longer than %d", len(plaintext), MaxPlaintext))
	}
	c := k.get()
	defer k.ciphers.Put(c)
	siv := c.siv(plaintext)
	token := append(c.raw[:0], siv[:]...)
	token = append(token, plaintext...)
	c.xor(siv, token[sivSize:])
	return base64.RawURLEncoding.AppendEncode(dst, token)
}

// Open returns the plaintext of token, or an error that wraps [ErrForged].
func (k *Key) Open(token string) ([]byte, error) { return k.AppendOpen(nil, []byte(token)) }

// AppendOpen appends what [Key.Open] returns. It returns nil with an error.
func (k *Key) AppendOpen(dst, token []byte) ([]byte, error) {
	if len(token) > MaxToken {
		return nil, fmt.Errorf("seal: token of %d characters is longer than %d: %w", len(token), MaxToken, ErrForged)
	}
	// The decoder skips line ends, which would let one name have many spellings.
	if bytes.ContainsAny(token, "\r\n") {
		return nil, fmt.Errorf("seal: line end in a token: %w", ErrForged)
	}
	c := k.get()
	defer k.ciphers.Put(c)
	n, err := strict().Decode(c.raw[:], token)
	if err != nil {
		return nil, fmt.Errorf("seal: token is not base64url (%w): %w", err, ErrForged)
	}
	if n < sivSize {
		return nil, fmt.Errorf("seal: token of %d characters is too short: %w", len(token), ErrForged)
	}
	siv, plaintext := [sivSize]byte(c.raw[:]), c.raw[sivSize:n]
	c.xor(siv, plaintext)
	want := c.siv(plaintext)
	if subtle.ConstantTimeCompare(want[:], siv[:]) != 1 {
		clear(plaintext)
		return nil, fmt.Errorf("seal: %w", ErrForged)
	}
	return append(dst, plaintext...), nil
}
