package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spurboot/spur/bench/testbed"
)

// A lab is a pair of namespaces and a folder of files to serve.
type lab struct{ *testbed.Testbed }

func newLab(o options) (*lab, error) {
	bed, err := testbed.New()
	if err != nil {
		return nil, err
	}
	l := &lab{bed}
	if err := l.prepare(o); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *lab) prepare(o options) error {
	if err := l.AddClients(o.many); err != nil {
		return err
	}
	if err := l.WholeFrames(); err != nil {
		return err
	}
	return l.files(o)
}

// files writes the files to serve; they stay in the page cache.
func (l *lab) files(o options) error {
	random := rand.NewChaCha8([32]byte{1})
	for _, size := range fileSizes(o) {
		b := make([]byte, size)
		_, _ = random.Read(b)
		if err := os.WriteFile(filepath.Join(l.Dir, fileOf(size)), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// fileOf is the name of the file of so many bytes.
func fileOf(size int) string { return "file" + strconv.Itoa(size) }
