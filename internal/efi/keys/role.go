package keys

import (
	"fmt"
	"strings"

	"github.com/spurboot/spur/internal/efi/siglist"
)

// Role says what a key may do. It is the name of the variable in firmware that holds
// the certificate.
type Role string

// The roles.
const (
	PK  Role = "PK"  // rules over KEK
	KEK Role = "KEK" // may change db
	DB  Role = "db"  // signs what may start
)

// Roles are all roles, in the order of their rank.
func Roles() []Role { return []Role{PK, KEK, DB} }

// ParseRole reads a role, in capitals or not.
func ParseRole(s string) (Role, error) {
	for _, r := range Roles() {
		if strings.EqualFold(s, string(r)) {
			return r, nil
		}
	}
	return "", fmt.Errorf("%q is no kind of key: there are PK, KEK and db", s)
}

// Variable is the variable of firmware that holds the certificate.
func (r Role) Variable() siglist.Variable {
	switch r {
	case PK:
		return siglist.PK()
	case KEK:
		return siglist.KEK()
	}
	return siglist.DB()
}

// commonName is what firmware's set-up menus show of a certificate made here.
func (r Role) commonName() string {
	switch r {
	case PK:
		return "Spur Secure Boot platform key (PK)"
	case KEK:
		return "Spur Secure Boot key exchange key (KEK)"
	}
	return "Spur Secure Boot signing key (db)"
}
