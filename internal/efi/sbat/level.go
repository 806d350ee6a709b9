package sbat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/spurboot/spur/internal/efi/pefile"
)

// Level is what a shim or a machine demands: the least generation of components.
type Level struct {
	Date    string // year, month, day and a number: "2025051000"
	Demands []Demand
}

// Demand is the least generation of a component that may start.
type Demand struct {
	Component  string
	Generation int
}

func (d Demand) String() string { return fmt.Sprintf("%s,%d", d.Component, d.Generation) }

// Levels are the two that a shim brings. Which of them it puts into the variable
// SbatLevel, if that is older, is the policy that the machine's owner has set by
// mokutil; Previous unless they did.
type Levels struct {
	Previous, Latest Level
}

// ParseLevel reads a level, in the form of the variable SbatLevel: lines with a
// component and a generation; the first one, of the component sbat, has the date
// too.
func ParseLevel(b []byte) (Level, error) {
	lines, err := rows(b, 2)
	if err != nil {
		return Level{}, err
	}
	if len(lines) == 0 || lines[0][0] != "sbat" || len(lines[0]) < 3 {
		return Level{}, errors.New("it does not begin with a line of sbat, its generation and a date")
	}
	l := Level{Date: lines[0][2]}
	for i, fields := range lines {
		n, err := generation(fields[1])
		if err != nil {
			return Level{}, fmt.Errorf("line %d: %w", i+1, err)
		}
		l.Demands = append(l.Demands, Demand{fields[0], n})
	}
	return l, nil
}

// ReadLevels are the levels that a shim of that size brings; nil where the file has
// no section .sbatlevel, being no shim or an old one.
func ReadLevels(r io.ReaderAt, size int64) (*Levels, error) {
	f, err := pefile.Read(r, size)
	if err != nil {
		return nil, err
	}
	b, err := f.Contents(r, ".sbatlevel", sizeMost)
	if err != nil || b == nil {
		return nil, err
	}
	levels, err := parseLevels(b)
	if err != nil {
		return nil, fmt.Errorf("its section .sbatlevel is damaged: %w", err)
	}
	return levels, nil
}

// parseLevels reads a section .sbatlevel: a version, 0, then where the previous and
// the latest level begin, counted from behind the version; four bytes each (shim,
// include/sbat.h).
func parseLevels(b []byte) (*Levels, error) {
	if len(b) < 12 {
		return nil, fmt.Errorf("it has %d bytes only", len(b))
	}
	if version := binary.LittleEndian.Uint32(b); version != 0 {
		return nil, fmt.Errorf("it has version %d, which is unknown", version)
	}
	b = b[4:]
	var two [2]Level
	for i := range two {
		at := binary.LittleEndian.Uint32(b[4*i:])
		if uint64(at) >= uint64(len(b)) {
			return nil, fmt.Errorf("a level is said to begin at byte %d of %d", at, len(b))
		}
		var err error
		if two[i], err = ParseLevel(b[at:]); err != nil {
			return nil, err
		}
	}
	return &Levels{two[0], two[1]}, nil
}

// Check tells whether a shim with this level starts a binary with these entries: nil,
// or why not. A binary without any isn't started by shim; what it starts in its turn,
// such as a kernel, needs none (shim, pe.c, verify_sbat_section).
func (l Level) Check(entries []Entry) error {
	if len(entries) == 0 {
		return errors.New("it has no SBAT data, without which shim starts nothing")
	}
	for _, d := range l.Demands {
		for _, e := range entries {
			if e.Component == d.Component && e.Generation < d.Generation {
				return fmt.Errorf("it is revoked: its SBAT data say %s, and the level %s demands %s", e, l.Date, d)
			}
		}
	}
	return nil
}
