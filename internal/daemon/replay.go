package daemon

import (
	"cmp"
	"context"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/onlooker"
	"github.com/spurboot/spur/internal/replay"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/seal"
	"github.com/spurboot/spur/internal/target"
	"github.com/spurboot/spur/internal/tree"
)

// Replay plays a machine's side of a recorded boot against what Spur would answer
// today, and says what is another now. Addresses are given by whom the record says, or
// as Config.DHCP does where it is set.
func Replay(ctx context.Context, c Config, t target.Target, path string, only boot.MAC) error {
	r, err := onlooker.ReadRecord(path, only)
	if err != nil {
		return err
	}
	c.DHCP = cmp.Or(c.DHCP, DHCPMode(r.Head.DHCP))
	key, _, err := c.readKey()
	if err != nil {
		return err
	}
	l, host, err := c.examine(ctx, t)
	if err != nil {
		return err
	}
	return replay.Play(ctx, c.Out, replay.Spur{
		Tree: c.tree(key, host), Resolver: l.Resolver(), Menu: l.Menu(), Only: c.AsBootServer, Lease: c.lease(), Files: l.Files(), Brought: l.Bringers(),
	}, r)
}

// tree is one that names files, and opens none.
func (c Config) tree(key *seal.Key, host route.Host) *tree.Tree {
	return &tree.Tree{Names: tree.Names{Key: key}, Host: host, HTTPPort: c.HTTPPort, HTTPSPort: c.HTTPS.Port, TFTPPort: c.TFTPPort, Exports: c.exports()}
}
