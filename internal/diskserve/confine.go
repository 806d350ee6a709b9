package diskserve

import (
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/san"
	"github.com/spurboot/spur/internal/sandbox"
)

// confine gives up, once the disks and the port are open, what serving them
// doesn't take: root, all capabilities, and every file that isn't open yet. A
// journal is still to be removed in the end, whoever its folder belongs to.
func (c *Config) confine(disks []*disk.Disk, log *san.Log) error {
	if c.Confine == nil {
		return nil
	}
	account, err := sandbox.FindAccount(c.User)
	if err != nil {
		return err
	}
	p := sandbox.Policy{Account: account}
	for _, d := range disks {
		if d.Journal != "" {
			p.Remove = append(p.Remove, filepath.Dir(d.Journal))
		}
	}
	p.Removable = p.Remove
	status, err := c.Confine(p)
	if err != nil {
		return err
	}
	if weakness := status.Weakness(); weakness != "" {
		log.Say(slog.LevelWarn, fmt.Sprintf("warning: %s", weakness))
	}
	return nil
}
