package daemon

import (
	"errors"
	"fmt"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/pxe"
)

// CheckAsBootServer tells whether the type of boot server that Spur is to be goes with
// the rest of what it is to do.
func (c Config) CheckAsBootServer() error {
	switch {
	case c.AsBootServer == 0:
		return nil
	case c.DHCP != ProxyDHCP:
		return advice.New(fmt.Sprintf("--as-boot-server has another server offer what to boot, and --dhcp %s doesn't", c.DHCP), "leave --dhcp out")
	}
	return nil
}

// ParseAsBootServer reads the type of boot server that Spur is to be; "" is none.
func ParseAsBootServer(text string) (pxe.BootType, error) {
	if text == "" {
		return 0, nil
	}
	t, err := pxe.ParseBootType(text)
	if err == nil && t == pxe.LocalBoot {
		err = errors.New("type 0 is a machine's own disk")
	}
	if err != nil {
		return 0, advice.Wrap(fmt.Errorf("--as-boot-server: %w", err), "name the type that the other server's menu has for Spur, such as 32770")
	}
	return t, nil
}
