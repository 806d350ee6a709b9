package iscsi

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Bounds of text negotiation (RFC 7143 section 6.1).
const (
	maxText     = 64 << 10 // bytes of one exchange, its continuations included
	maxPairs    = 64       // so that any answer fits a PDU of 8192 bytes
	maxValueLen = 8192
)

// pair is one key=value.
type pair struct{ key, value string }

// parseText splits a data segment of NUL-terminated key=value pairs.
func parseText(p []byte) ([]pair, error) {
	var pairs []pair
	for len(p) > 0 {
		var item []byte
		end := bytes.IndexByte(p, 0)
		if end < 0 {
			return nil, errors.New("text: the last pair isn't ended by NUL")
		}
		item, p = p[:end], p[end+1:]
		if len(item) == 0 {
			continue // padding; open-iscsi and others count it in
		}
		kv, err := parsePair(item)
		if err != nil {
			return nil, err
		}
		if pairs = append(pairs, kv); len(pairs) > maxPairs {
			return nil, fmt.Errorf("text: more than %d pairs", maxPairs)
		}
	}
	return pairs, nil
}

func parsePair(item []byte) (pair, error) {
	key, value, ok := strings.Cut(string(item), "=")
	switch {
	case !ok:
		return pair{}, fmt.Errorf("text: %.40q has no '='", item)
	case !keyName.MatchString(key):
		return pair{}, fmt.Errorf("text: %.70q is no key", key)
	case len(value) > maxValueLen:
		return pair{}, fmt.Errorf("text: the value of %s is longer than %d bytes", key, maxValueLen)
	}
	return pair{key, value}, nil
}

// keyName is what key names are made of (RFC 7143 section 6.1).
var keyName = regexp.MustCompile(`^[A-Za-z][0-9A-Za-z.+@_/-]{0,62}$`)

// unique refuses text that has a key twice: nobody may declare or negotiate one
// more than once (RFC 7143 section 6.3).
func unique(pairs []pair) error {
	seen := make(map[string]bool, len(pairs))
	for _, kv := range pairs {
		if seen[kv.key] {
			return fmt.Errorf("text: %s is there twice", kv.key)
		}
		seen[kv.key] = true
	}
	return nil
}

// formatText returns pairs as they are on the wire.
func formatText(pairs ...pair) []byte {
	var p []byte
	for _, kv := range pairs {
		p = fmt.Appendf(p, "%s=%s\x00", kv.key, kv.value)
	}
	return p
}
