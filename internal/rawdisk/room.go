package rawdisk

import (
	"errors"
	"fmt"
	"os"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/scratch"
	"github.com/spurboot/spur/internal/size"
)

// ErrNoRoom is that of an image for which there is no room to be unpacked. It is tried again
// when there is more.
var ErrNoRoom = errors.New("there is no room to unpack it")

// noRoom is ErrNoRoom with what was free before the attempt, in bytes.
type noRoom struct {
	free int64
	text string
}

func (e noRoom) Error() string { return ErrNoRoom.Error() + e.text }
func (noRoom) Unwrap() error   { return ErrNoRoom }

// more tells whether there is clearly more room in a folder than before the attempt.
func (e noRoom) more(dir string) bool {
	free, kept, err := scratch.Room(folderOr(dir))
	return err == nil && free > e.free+kept
}

// folderOr is a folder, or the one for temporary files.
func folderOr(dir string) string {
	if dir == "" {
		return os.TempDir()
	}
	return dir
}

// short says that there is no room for what is behind the first bytes, up to end.
func (p *progress) short(at, end, free int64) error {
	text := fmt.Sprintf(" in %s: %s of about %s were done, and no more than %s are left free there", p.dir, size.About(at), size.About(p.about(end)), size.About(free))
	return advice.Wrap(noRoom{p.free, text},
		"make room, or name another folder by --data or, without that, by TMPDIR in the environment, or unpack the image yourself")
}
