package target

import (
	"os"
	"path/filepath"

	"github.com/spurboot/spur/internal/family"
)

// FamiliesFile is the file of families that a command was told of or, without one, that in
// the folder of --data; empty for none.
func FamiliesFile(told, data string) string {
	name := filepath.Join(data, "families.yaml")
	if _, err := os.Stat(name); told == "" && data != "" && err == nil {
		return name
	}
	return told
}

// FamiliesText is the file of the families that Spur knows.
func FamiliesText() []byte { return family.Text() }

// families are those that a target's media may be of.
func (t Target) families() (family.Table, error) {
	switch {
	case t.table != nil:
		return t.table, nil
	case t.Families == "":
		return family.Builtin(), nil
	}
	return family.Open(t.Families)
}
