package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"

	"github.com/spurboot/spur/internal/advice"
)

// Account is a user of the system with its main group.
type Account struct {
	Name     string
	UID, GID int
}

// ServiceAccounts are the users that a server becomes if none is named, the
// first that exists. The second one exists on every system.
func ServiceAccounts() []string { return []string{"spur", "nobody"} }

// FindAccount looks up the user with a name, or with a number as its name. With
// "" it is the first of ServiceAccounts for a process of root's, and the
// process' own user for all others.
func FindAccount(name string) (Account, error) {
	if name != "" {
		return lookUp(name)
	}
	if os.Geteuid() != 0 {
		return Account{UID: os.Geteuid(), GID: os.Getegid()}, nil
	}
	for _, name := range ServiceAccounts() {
		if a, err := lookUp(name); err == nil {
			return a, nil
		}
	}
	return Account{}, advice.New("there is no user to become: neither spur nor nobody exists on this host",
		"name one with --user; --user root stays root")
}

func lookUp(name string) (Account, error) {
	u, err := user.Lookup(name)
	if _, notNumber := strconv.Atoi(name); err != nil && notNumber == nil {
		u, err = user.LookupId(name)
	}
	if err != nil {
		return Account{}, advice.Wrap(fmt.Errorf("--user %s: there is no such user on this host", name),
			"name one that exists, or make one with: useradd --system "+name)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return Account{Name: u.Username, UID: uid, GID: gid}, errors.Join(err1, err2)
}

// CheckChange says whether this process may become the account's user.
func (a Account) CheckChange() error {
	if os.Geteuid() == 0 || os.Geteuid() == a.UID {
		return nil
	}
	return advice.New(fmt.Sprintf("--user %s: only root can become another user", a.Name),
		"run as root, or leave --user out")
}
