package daemon

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
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
		return advice.Wrap(fmt.Errorf("--allow-files: %w", err), "name folders that are there and can be read")
	}
	defer folders.Close()
	remote, err := resolver.NewRemote(resolver.RemoteConfig{Prefix: r.URL, Timeout: r.Timeout, Allow: folders.Check})
	if err != nil {
		return advice.Misused(advice.Wrap(err, "name the API by a URL such as http://boot.example:8080"))
	}
	defer remote.Close()
	d, err := open(c)
	if err != nil {
		return err
	}
	defer d.close()
	if err := r.reach(ctx); err != nil {
		d.notices.warn(fmt.Sprintf("the boot API %s can't be reached, and machines get no answer until it can: %v", r.URL, err))
	}
	d.title = "what " + r.URL + " says"
	// The API's own limit is the one that gives the better reason.
	shared := resolver.NewCoalescer(remote, resolver.CoalescerConfig{
		Timeout: r.Timeout + time.Second,
		Panicked: func(c boot.Client, value any, stack []byte) {
			d.notices.panicked("question about "+c.MAC.String(), value, stack)
		},
	})
	defer shared.Close()
	return d.serve(ctx, shared, sharedFiles{folders: folders.Names()}, folders)
}

// reachMost is how long a start waits for an API that is down.
const reachMost = 2 * time.Second

// reach tries a connection to the API, and asks it nothing: what it would answer
// is for machines. An API behind a proxy isn't tried.
func (r Remote) reach(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return err
	}
	if proxy, err := http.ProxyFromEnvironment(request); proxy != nil || err != nil {
		return err
	}
	port := request.URL.Port()
	if port == "" {
		port = request.URL.Scheme
	}
	conn, err := (&net.Dialer{Timeout: reachMost}).DialContext(ctx, "tcp", net.JoinHostPort(request.URL.Hostname(), port))
	if err != nil {
		return advice.InWords(err)
	}
	return conn.Close()
}
