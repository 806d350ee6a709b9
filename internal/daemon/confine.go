package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/machines"
	"github.com/spurboot/spur/internal/sandbox"
)

// sharedFiles is what of this host may be sent to machines.
type sharedFiles struct {
	files   []string // named by the operator one by one
	folders []string // with all that is below them
}

// localFiles are those of the files that lie on this host.
func localFiles(files []boot.File) sharedFiles {
	var s sharedFiles
	for _, f := range files {
		if !f.IsURL() {
			s.files = append(s.files, f.Source)
		}
	}
	return s
}

// confine gives up root and everything that serving doesn't need.
func (d *daemon) confine(s sharedFiles) (sandbox.Status, error) {
	account, taken := d.account, d.written()
	if err := d.handOver(account); err != nil {
		return sandbox.Status{}, fmt.Errorf("give the folder of fetched files to the user %s: %w", account.Name, err)
	}
	status, err := sandbox.Enter(d.policy(account, s))
	if err != nil {
		return status, err
	}
	for dir, what := range taken {
		if unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK, unix.AT_EACCESS) != nil {
			return status, advice.New(fmt.Sprintf("the user %s can't write to %s, %s", account.Name, dir, what),
				"give that folder to the user, or name another one with --data or --user")
		}
	}
	return status, nil
}

// written are the folders that are written while Spur serves, with what for. A
// dry run looks at those that are there and that a start would not give away.
func (d *daemon) written() map[string]string {
	dirs := map[string]string{d.cacheDir(): "where fetched files are kept"}
	kept := map[string]string{}
	if d.config.DryRun && d.config.Data != "" {
		kept[filepath.Join(d.config.Data, "cache")] = "where fetched files are kept"
	}
	if d.keepsBooted() {
		kept[machines.BootedDir(d.config.Data)] = "where --once keeps which machines have booted"
	}
	if d.config.Data != "" {
		kept[machines.Dir(d.config.Data)] = "where it is kept what worked on machines"
	}
	if dir := d.config.recordDir(); dir != "" {
		kept[dir] = "where boots that failed are kept"
	}
	if d.acme != nil {
		kept[acmeDir(d.config.Data)] = "where certificates by ACME are kept"
	}
	for dir, what := range kept {
		if _, err := os.Lstat(dir); !d.config.DryRun || err == nil && !ours(dir) {
			dirs[dir] = what
		}
	}
	return dirs
}

// policy is what Spur needs to go on.
func (d *daemon) policy(account sandbox.Account, s sharedFiles) sandbox.Policy {
	loaders := d.host.Loaders.Paths()
	p := sandbox.Policy{
		Account:      account,
		Capabilities: d.config.capabilities(),
		Read:         append(sandbox.Folders(append(loaders, s.files...)...), s.folders...),
		Readable:     append(append(loaders, s.files...), d.cacheDir()),
		ReadAll:      len(s.folders) > 0, // files may come that only root may read
		Write:        []string{d.cacheDir()},
	}
	if d.temp != nil {
		p.Write, p.Remove = []string{d.temp.Path()}, []string{filepath.Dir(d.temp.Path())}
	}
	if d.config.Data != "" {
		p.Write = append(p.Write, d.config.Data)
	}
	if dir := d.config.recordDir(); dir != "" {
		p.Write = append(p.Write, dir)
	}
	return p
}

// capabilities are those with which sockets are opened on interfaces that come
// later: packet sockets for DHCP, and ports below 1024.
func (c Config) capabilities() []cap.Value {
	switch {
	case c.DHCP != WithoutDHCP:
		return []cap.Value{cap.NET_RAW, cap.NET_BIND_SERVICE}
	case len(c.Interfaces) > 0:
		return []cap.Value{cap.NET_BIND_SERVICE}
	}
	return nil
}

// cacheDir is where fetched files are kept.
func (d *daemon) cacheDir() string {
	if d.temp != nil {
		return filepath.Join(d.temp.Path(), "cache")
	}
	return filepath.Join(d.config.Data, "cache")
}

// handOver lets a user work with the folders that Spur has made. The folder
// with the key and the state stays its maker's, and can only be passed through.
func (d *daemon) handOver(a sandbox.Account) error {
	if os.Geteuid() == a.UID {
		return nil
	}
	if err := giveAway(d.cacheDir(), a); err != nil {
		return err
	}
	if dir := d.config.recordDir(); dir != "" {
		if err := giveAway(dir, a); err != nil {
			return err
		}
	}
	if d.temp != nil {
		// Its new owner may put something else in the place of what is in it.
		return os.Lchown(d.temp.Path(), a.UID, a.GID) // also of a dry run with --data, whose folder stays as it is
	}
	if ours(d.config.Data) {
		if err := os.Chmod(d.config.Data, 0o711); err != nil {
			return err
		}
	}
	return errors.Join(giveAway(machines.BootedDir(d.config.Data), a), giveAway(machines.Dir(d.config.Data), a), giveAway(acmeDir(d.config.Data), a))
}

// giveAway lets a user work with a folder and with what is in it.
func giveAway(dir string, a sandbox.Account) error {
	if !ours(dir) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Lchown(filepath.Join(dir, e.Name()), a.UID, a.GID); err != nil {
			return err
		}
	}
	return os.Lchown(dir, a.UID, a.GID)
}

// ours says whether a folder is as Spur makes it: this user's, and closed to
// all others. Only such a folder is given away.
func ours(dir string) bool {
	var st unix.Stat_t
	return unix.Lstat(dir, &st) == nil && st.Mode == unix.S_IFDIR|0o700 && int(st.Uid) == os.Geteuid()
}

// own gives a file that was made before root is given up to the user who will open it.
// handOver doesn't: in a folder that is that user's since an earlier start it would have
// to trust the names there.
func (d *daemon) own(f *os.File) error {
	if os.Geteuid() == d.account.UID {
		return nil
	}
	return f.Chown(d.account.UID, d.account.GID)
}
