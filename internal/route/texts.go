package route

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// TextsKey says what loaders can't be told of a payload's texts. Where it is the same, payloads
// that differ in texts alone have the same routes, which costs less to know than the routes.
func TextsKey(p boot.Payload) string {
	var nobody boot.Client
	linux, _ := p.Content.(boot.Linux)
	return fmt.Sprintf("%t %q", linux.Cmdline.Empty(), []string{
		unspeakable(nobody, p), unspeakableByGPXE(nobody, p), unspeakableByUBoot(nobody, p), unwritable(nobody, p), unfitForLegacy(nobody, p),
	})
}
