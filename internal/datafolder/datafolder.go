// Package datafolder looks at the folder in which Spur keeps what survives a restart: it
// refuses a path that another user may have chosen (Own), and says what to do about a
// folder that can't be used (Advise).
package datafolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/internal/advice"
)

// Creatable tells whether a folder is there and can be written to, or could be
// made.
func Creatable(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at) {
			continue
		}
		if err == nil && !info.IsDir() {
			err = syscall.ENOTDIR
		}
		if errors.Is(err, syscall.ENOTDIR) {
			return advice.New(dir+" is no folder", "name a folder with --data")
		}
		if err == nil {
			err = unix.Faccessat(unix.AT_FDCWD, at, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
		}
		if err == nil {
			return nil
		}
		return advice.Wrap(fmt.Errorf("the folder %s cannot be written: %w", dir, err), Advise(err))
	}
}

// Advise says what to do about a folder of ours that can't be used.
func Advise(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room on its disk, or name a folder on another one with --data"
	case errors.Is(err, syscall.EROFS):
		return "name a folder on a disk that may be written with --data"
	case errors.Is(err, fs.ErrPermission):
		return "run as its owner, or name another folder with --data"
	}
	return "name another folder with --data"
}

// linksMost is how many links of a path are followed, as by the kernel
// (MAXSYMLINKS).
const linksMost = 40

// Own follows the links of a path and refuses what another user may have put
// there: a link or a folder in a folder that everybody may write to, or that is
// one of the users', which belongs neither to root, to us nor to who called us
// by sudo; a folder may be one of the users'. That one could choose what root
// writes and reads. The result has no links, so that nobody turns one elsewhere
// later.
func Own(path string, users ...int) (string, error) {
	at, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := strings.Split(strings.TrimPrefix(at, "/"), "/")
	at, followed := "/", 0
	for len(rest) > 0 {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		var parent, st unix.Stat_t
		if unix.Lstat(next, &st) != nil || unix.Lstat(at, &parent) != nil {
			at = filepath.Join(append([]string{next}, rest...)...)
			break // whoever opens it says what is wrong
		}
		link := st.Mode&unix.S_IFMT == unix.S_IFLNK
		others := parent.Mode&unix.S_IWOTH != 0 || slices.Contains(users, int(parent.Uid))
		if others && !trusted(int(st.Uid), link, users) {
			return "", foreign(path, next, link, int(st.Uid))
		}
		if !link {
			at = next
			continue
		}
		target, err := os.Readlink(next)
		if followed++; err != nil || followed > linksMost {
			return "", advice.New(fmt.Sprintf("%s is a link that leads nowhere", next), "name the folder itself with --data")
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(strings.Split(strings.Trim(target, "/"), "/"), rest...)
	}
	if followed == 0 {
		return path, nil
	}
	return at, nil
}

// trusted tells whether what belongs to a user may decide where we write. A
// link's owner is who made it, so that the user whom we become is no reason to
// follow one.
func trusted(owner int, link bool, users []int) bool {
	if owner == 0 || owner == os.Geteuid() || !link && slices.Contains(users, owner) {
		return true
	}
	caller, err := strconv.Atoi(os.Getenv("SUDO_UID"))
	return err == nil && os.Geteuid() == 0 && owner == caller
}

func foreign(path, at string, link bool, owner int) error {
	what := "folder"
	if link {
		what = "link"
	}
	return advice.New(fmt.Sprintf("%s leads through %s, a %s that the user %d may have put there", path, at, what, owner),
		"name a folder that only you can have made with --data")
}
