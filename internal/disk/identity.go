package disk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Identity tells a disk from every other, wherever either is served. By it
// initiators know a disk again, and take two paths for those of one disk
// (dm-multipath, MPIO), so it is made of what no other disk has: this host, and
// where on it the disk is. It is the same after a restart.
//
// It is not kept in the image, because copies of an image are different disks.
type Identity [sha256.Size]byte

// identify makes the identity of a disk at a place of a host.
func identify(host, place string) Identity {
	return sha256.Sum256(fmt.Appendf(nil, "disk\x00%s\x00%s", host, place))
}

// IdentifyUnit makes that of a logical unit of a target that somebody named:
// such a name is worldwide unique (RFC 7143 section 4.2.7.1), and may move with
// the disk to another place or host.
func IdentifyUnit(target string, lun int) Identity {
	return sha256.Sum256(fmt.Appendf(nil, "unit\x00%s\x00%d", target, lun))
}

// Serial is the longest that ATA has room for (ATA8-ACS 7.16.7.6).
func (id Identity) Serial() string { return hex.EncodeToString(id[:10]) }

// Brief is short enough to be typed.
func (id Identity) Brief() string { return hex.EncodeToString(id[:4]) }

// Identity is the disk's own: of the place where it is on this host.
func (d *Disk) Identity() (Identity, error) {
	at, err := place(d.Files[0])
	if err != nil {
		return Identity{}, err
	}
	host, _ := ThisHost("/")
	return identify(host, at), nil
}

// ThisHost is this host's machine ID (machine-id(5)), or its name where it has
// none, as in a container; that may be another's, and change. root is the root
// of the file system.
func ThisHost(root string) (id string, lasting bool) {
	for _, name := range []string{"etc/machine-id", "var/lib/dbus/machine-id"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if id := strings.TrimSpace(string(text)); err == nil && len(id) == 32 {
			return id, true
		}
	}
	name, _ := os.Hostname()
	return name, false
}

// place is where a disk is on this host: the path of a file, whatever links led
// there; of a block device the path that somebody chose and what it leads to,
// since that may be another disk after a boot.
func place(name string) (string, error) {
	if isURL(name) {
		return name, nil
	}
	own, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	st, err := os.Stat(own)
	if err != nil {
		return "", err
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && st.Mode().Type() == fs.ModeDevice {
		return own + "\x00" + deviceID(os.DirFS("/sys"), unix.Major(sys.Rdev), unix.Minor(sys.Rdev)), nil
	}
	return filepath.EvalSymlinks(own)
}

// deviceID is what Linux knows a block device by for good, "" if nothing: the ID
// of a disk, a mapping or an array, the file behind a loop device, and for a
// partition that of its disk and its number. sys is sysfs.
func deviceID(sys fs.FS, major, minor uint32) string {
	at, err := sysfsLink(sys, fmt.Sprintf("dev/block/%d:%d", major, minor))
	if err != nil {
		return ""
	}
	read := func(at, name string) string {
		text, _ := fs.ReadFile(sys, path.Join(at, name))
		return strings.TrimSpace(string(text))
	}
	partition := read(at, "partition")
	if partition != "" {
		at = path.Dir(at)
	}
	for _, name := range []string{"dm/uuid", "md/uuid", "wwid", "device/wwid", "serial", "loop/backing_file"} {
		if id := read(at, name); id != "" {
			return strings.Join([]string{name, id, partition}, "\x00")
		}
	}
	return ""
}

// sysfsLink follows a link of sysfs, which fs.FS leaves to us because a
// partition's folder lies in its disk's.
func sysfsLink(sys fs.FS, name string) (string, error) {
	to, err := fs.ReadLink(sys, name)
	return path.Join(path.Dir(name), to), err
}
