package daemon

import (
	"github.com/spurboot/spur/internal/host"
	"github.com/spurboot/spur/internal/route"
)

// findHost is what of this host boots depend on.
func (c Config) findHost() (route.Host, error) {
	loaders, err := host.FindLoaders(c.Data, c.Loaders)
	if err != nil {
		return route.Host{}, err
	}
	asked, err := c.askedLoader()
	if err != nil {
		return route.Host{}, err
	}
	key, err := host.SigningKey(c.Data)
	return route.Host{Loaders: loaders, Signs: key != nil, SecureBoot: c.SecureBoot, Loader: asked, Distribution: host.Distribution(), RootOnly: c.DHCP == WithoutDHCP, HTTPS: c.HTTPS.Port != 0, WithoutHTTP: c.HTTPPort == 0 && c.HTTPS.Port != 0}, err
}
