package store

import (
	"bytes"
	"testing"
)

// FuzzDecode checks that a record is what was encoded, or none.
func FuzzDecode(f *testing.F) {
	for _, s := range []stored{
		{Record: Record{Key: "a", Value: []byte("1"), Revision: 1}},
		{Record: Record{Key: "leases/192.0.2.1", Value: []byte{}, Revision: 1 << 40}, expires: 1 << 41},
		{Record: Record{Key: stateKey, Value: []byte{1, 2, 3, 4}, Revision: 3}},
	} {
		b := s.encode()
		f.Add([]byte(s.Key), b)
		f.Add([]byte(s.Key), b[:len(b)-1])
		f.Add([]byte(s.Key), b[:valueHeader])
		f.Add([]byte(s.Key[1:]), b)
		f.Add([]byte(s.Key), append(b, 0))
	}
	f.Add([]byte{}, make([]byte, valueHeader))
	f.Fuzz(func(t *testing.T, key, b []byte) {
		s, ok := decode(key, b)
		if ok && (s.Key != string(key) || s.Revision < 1 || !bytes.Equal(s.encode(), b)) {
			t.Errorf("%q of %q is encoded as %q", s.Key, b, s.encode())
		}
	})
}

// No bit of a record can change unseen.
func TestChangedBit(t *testing.T) {
	s := stored{Record: Record{Key: "leases/192.0.2.1", Value: []byte("52:54:00:12:34:56"), Revision: 7}, expires: 1 << 40}
	for bit := range 8 * len(s.encode()) {
		b := s.encode()
		b[bit/8] ^= 1 << (bit % 8)
		if _, ok := decode([]byte(s.Key), b); ok {
			t.Errorf("bit %d of byte %d changed unseen", bit%8, bit/8)
		}
	}
	for bit := range 8 * len(s.Key) {
		key := []byte(s.Key)
		key[bit/8] ^= 1 << (bit % 8)
		if _, ok := decode(key, s.encode()); ok {
			t.Errorf("bit %d of byte %d of the key changed unseen", bit%8, bit/8)
		}
	}
}
