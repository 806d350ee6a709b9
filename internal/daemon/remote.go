package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/hint"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/tree"
)

// Remote is a boot API that says what each machine boots.
type Remote struct {
	URL     string
	Timeout time.Duration // for one machine
	Files   []string      // folders of this host whose files it may name
}

// API boots every machine that asks into what a boot API says, until ctx ends.
func API(ctx context.Context, c Config, r Remote) error {
	folders, err := tree.OpenFolders(r.Files)
	if err != nil {
		return hint.Wrap(fmt.Errorf("--allow-files: %w", err), "name folders that are there and can be read")
	}
	defer folders.Close()
	remote, err := resolver.NewRemote(resolver.RemoteConfig{Prefix: r.URL, Timeout: r.Timeout, Allow: folders.Check})
	if err != nil {
		return misused(hint.Wrap(err, "name the API by a URL such as http://boot.example:8080"))
	}
	defer remote.Close()
	d, err := open(c)
	if err != nil {
		return err
	}
	defer d.close()
	d.title = "what " + r.URL + " says"
	// The API's own limit is the one that gives the better reason.
	shared := resolver.NewShared(remote, resolver.Sharing{
		Timeout: r.Timeout + time.Second,
		Panicked: func(c boot.Client, value any, stack []byte) {
			d.voice.panicked("question about "+c.MAC.String(), value, stack)
		},
	})
	defer shared.Close()
	return d.serve(ctx, shared, sharedFiles{folders: folders.Names()}, folders)
}
