package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"hash"
)

// sivCipher does what sealing and opening have in common, one token at a time.
type sivCipher struct {
	mac   hash.Hash
	block cipher.Block

	// Kept here, since they would be allocated for each token otherwise.
	sum          [sha256.Size]byte
	counter, pad [aes.BlockSize]byte
	raw          [sivSize + MaxPlaintext]byte // of a token
}

func (k *Key) get() *sivCipher {
	c, _ := k.ciphers.Get().(*sivCipher)
	return c
}

// siv is the synthetic IV: the authenticator of the plaintext, cut to one block.
func (c *sivCipher) siv(plaintext []byte) [sivSize]byte {
	c.mac.Reset()
	c.mac.Write(plaintext)
	return [sivSize]byte(c.mac.Sum(c.sum[:0]))
}

// xor is cipher.NewCTR's stream over p, which allocates half a kilobyte for each IV.
func (c *sivCipher) xor(iv [sivSize]byte, p []byte) {
	c.counter = iv
	for len(p) > 0 {
		c.block.Encrypt(c.pad[:], c.counter[:])
		p = p[subtle.XORBytes(p, p, c.pad[:min(len(p), len(c.pad))]):]
		c.count()
	}
}

// count adds one to the counter, which is a number in big-endian order.
func (c *sivCipher) count() {
	for i := len(c.counter) - 1; i >= 0; i-- {
		if c.counter[i]++; c.counter[i] != 0 {
			return
		}
	}
}
