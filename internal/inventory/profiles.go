package inventory

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// profile is a target with a name, which may stand in several rows.
type profile struct {
	at     Place
	target Target
	used   bool
}

func (r *reader) readProfiles(n ast.Node) error {
	fields, err := r.fields(n, "a name with a target below it")
	if err != nil {
		return err
	}
	if len(fields) > profilesMost {
		return r.fail(fields[profilesMost].at, fmt.Sprintf("there are more than %d profiles", profilesMost), "say more in rows")
	}
	for _, f := range fields {
		keys, err := r.fields(f.value, "a target, with boot:,")
		if err != nil {
			return err
		}
		var t Target
		for _, key := range keys {
			known, err := r.ofTarget(&t, key)
			if err != nil {
				return err
			}
			if !known {
				return r.unknown(key, "a profile", targetKeys())
			}
		}
		if t.Boot == "" {
			return r.fail(f.at, fmt.Sprintf("the profile %s doesn't say what boots", f.name), "add boot: TARGET")
		}
		r.profiles[f.name] = profile{at: f.at, target: t}
	}
	return nil
}
