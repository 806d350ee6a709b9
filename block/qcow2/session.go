package qcow2

import (
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/spurboot/spur/block"
)

// session is one time between an Open and a Close in which an image has a
// journal. Image and journal both name it, so that notes are never played back
// to another image, or over what somebody else has written since:
//
//   - The image has it in a header extension of our own, which QEMU keeps. It is
//     in the header's first sector of 512 bytes.
//   - An autoclear feature bit of the image says that nobody else has opened it
//     for writing since ("autoclear_features": QEMU clears those that it doesn't
//     know when it opens an image for writing). The bit is the highest of the
//     reserved ones.
//   - As long as there may be notes, the image is marked as dirty. Who is to
//     repair that without the notes takes the autoclear bit away with it.
type session [16]byte

const (
	extensionSession = 0x53505552 // "SPUR"
	autoclearSession = 1 << 63
)

func newSession() (s session) {
	_, _ = rand.Read(s[:]) // never fails
	return s
}

func (s *session) checksum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(s[:], castagnoli), castagnoli, b)
}

// beginSession has image and journal name the session, before the first note
// and before the image is changed in a way that a note would tell of.
func (img *Image) beginSession() error {
	j := img.journal
	if j.begun.Load() {
		return nil
	}
	img.heading.Lock()
	defer img.heading.Unlock()
	if j.begun.Load() {
		return nil
	}
	if err := j.begin(); err != nil {
		return fmt.Errorf("begin a journal: %w", err)
	}
	was := img.header
	h := &img.header
	h.session = j.session
	h.incompat, h.autoclear = h.incompat|incompatDirty, h.autoclear|autoclearSession
	if err := img.rewriteHeader(); err != nil {
		img.header = was
		return err
	}
	img.marked.Store(true)
	j.begun.Store(true)
	return nil
}

// Why an image that was left by a process that was killed, or by a loss of
// power, may have lost what was written to it and not flushed. With the first
// two the journal that has it may be elsewhere.
var (
	ErrNoJournal    = errors.New("its journal isn't there")
	ErrOtherSession = errors.New("its journal is of another session")
	errOtherLife    = errors.New("the system was started anew since")
	errOtherWriter  = errors.New("another program has opened the image for writing since")
)

// left says whether the image was left in a session.
func (h *header) left() bool {
	return h.incompat&incompatDirty != 0 && h.autoclear&autoclearSession != 0 && h.session != session{}
}

// left finds the notes that belong to the image, and else why there are none
// though something may be lost.
func (img *Image) left() (notes []note, lost, err error) {
	h := &img.header
	ours := h.left()
	if img.opts.Journal == nil {
		if ours {
			lost = ErrNoJournal
		}
		return nil, lost, nil
	}
	s, is, err := img.opts.Journal.readHead()
	if err != nil {
		return nil, nil, err
	}
	same := is && s.session == h.session
	switch {
	case !ours && !same:
		return nil, nil, nil
	case !is:
		return nil, fmt.Errorf("%w: the file in its place is empty, or something else", ErrNoJournal), nil
	case s.session != h.session:
		return nil, ErrOtherSession, nil
	}
	if notes, err = img.opts.Journal.readNotes(s); err != nil || len(notes) == 0 {
		return nil, nil, err
	}
	switch {
	case s.life != img.opts.Journal.Life:
		return nil, errOtherLife, nil
	case !ours:
		return nil, errOtherWriter, nil
	}
	return notes, nil, nil
}

// journalable says why an image can't have a journal.
func (img *Image) journalable() error {
	if img.geo.version < 3 {
		return fmt.Errorf("images of version 2 can't have one: %w; qemu-img amend -o compat=v3 makes it one of version 3", ErrUnsupported)
	}
	h := img.header
	h.session = newSession()
	_, err := h.encode()
	return err
}

// Session says whether the image was left by a process that kept a journal of
// it, which has to be opened with it.
func Session(file block.File) (bool, error) {
	h, err := readHeader(file)
	if err != nil {
		return false, err
	}
	return h.left(), nil
}
