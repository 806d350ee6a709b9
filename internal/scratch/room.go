package scratch

import "golang.org/x/sys/unix"

// leftFree is how much of a file system Spur leaves free, but of a small one a tenth.
const leftFree = 1 << 30

// Room is how much of a folder's file system is free, and how much of that its caller is to
// leave so, in bytes. Other programs may take what is left.
func Room(dir string) (free, kept int64, err error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, 0, err
	}
	return int64(fs.Bavail) * fs.Bsize, min(leftFree, int64(fs.Blocks)*fs.Bsize/10), nil
}
