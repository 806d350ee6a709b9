package diskserve

import (
	"bytes"
	"fmt"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/size"
	"github.com/spurboot/spur/internal/wholefile"
	"github.com/spurboot/spur/iscsi"
)

// CHAP is a name and the file with the password that proves it.
type CHAP struct{ User, PasswordFile string }

func (c CHAP) check(flag string) error {
	if (c.User == "") != (c.PasswordFile == "") {
		return fmt.Errorf("%s-user and %s-password-file go together", flag, flag)
	}
	return nil
}

// shortestSecret is what RFC 7143 section 9.2.1 demands of secrets, in bytes,
// where the network isn't encrypted.
const shortestSecret = 12

// credentials reads the password.
func (c CHAP) credentials() (iscsi.Credentials, error) {
	secret, err := wholefile.Read(c.PasswordFile, fileMost)
	if err != nil {
		return iscsi.Credentials{}, advice.Wrap(fmt.Errorf("the password of %s: %w", c.User, err), "name a file that has nothing but the password in it")
	}
	secret = bytes.TrimRight(secret, "\r\n")
	if len(secret) < shortestSecret {
		return iscsi.Credentials{}, advice.New(fmt.Sprintf("the password in %s has %s", c.PasswordFile, size.Count(len(secret), "byte")),
			"CHAP takes at least 12; Windows takes 12 to 16")
	}
	return iscsi.Credentials{Name: c.User, Secret: string(secret)}, nil
}

// auth is nil where nobody has to prove anything.
func (c *Config) auth() (*iscsi.Auth, error) {
	if c.CHAP.User == "" {
		return nil, nil //nolint:nilnil // a nil *iscsi.Auth asks for no proof
	}
	initiator, err := c.CHAP.credentials()
	if err != nil {
		return nil, err
	}
	auth := initiator.Static()
	if c.Mutual.User == "" {
		return auth, nil
	}
	target, err := c.Mutual.credentials()
	if err != nil {
		return nil, err
	}
	if target.Secret == initiator.Secret {
		return nil, advice.New("the initiator's password and the target's are the same",
			"give --mutual-password-file another one: who knows only one must not pass for both")
	}
	auth.Mutual = &target
	return auth, nil
}
