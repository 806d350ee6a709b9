package sandbox

import (
	"os"
	"path/filepath"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

const (
	readFile  landlock.AccessFSSet = ll.AccessFSReadFile
	readDir   landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSReadDir
	removeAny landlock.AccessFSSet = ll.AccessFSRemoveFile | ll.AccessFSRemoveDir
	writeDir                       = readDir | removeAny | ll.AccessFSWriteFile | ll.AccessFSTruncate |
		ll.AccessFSMakeReg | ll.AccessFSMakeDir | ll.AccessFSMakeSock | ll.AccessFSRefer
)

// restrict fences all threads in, as far as the kernel can, and returns the
// version of its Landlock, or 0. The version that is asked for leaves networks
// and Unix sockets alone.
func restrict(rules []landlock.Rule) (int, error) {
	version, err := ll.LandlockGetABIVersion()
	if err != nil {
		version = 0
	}
	return version, landlock.V7.BestEffort().RestrictPaths(rules...)
}

// rules are the policy's folders and files for Landlock, and what every server
// reads: how names are resolved, which certificates are trusted, the time zone.
func (p Policy) rules() []landlock.Rule {
	var rules []landlock.Rule
	allow := func(access landlock.AccessFSSet, paths ...string) {
		for _, path := range paths {
			// Of a file, only what can be done to files may be asked for.
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				rules = append(rules, landlock.PathAccess(access&(readFile|ll.AccessFSWriteFile|ll.AccessFSTruncate), path))
			} else if err == nil {
				rules = append(rules, landlock.PathAccess(access, path))
			}
		}
	}
	allow(readDir, p.Read...)
	allow(readDir, systemFiles()...)
	allow(writeDir, p.Write...)
	allow(removeAny, p.Remove...)
	return append(rules, landlock.PathAccess(readFile|ll.AccessFSWriteFile, "/dev/null").IgnoreIfMissing())
}

// systemFiles are what the Go library reads: resolv.conf and hosts to resolve
// names, the folders in which distributions keep certificates, the time zone.
func systemFiles() []string {
	files := []string{
		"/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/services", "/etc/localtime",
		"/etc/ssl", "/etc/pki/tls", "/etc/ca-certificates", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
		"/usr/share/zoneinfo", "/usr/lib/ssl", "/proc/sys/net", "/sys/class/net",
	}
	// Who manages resolv.conf replaces it: then its folder is what stays,
	// unless it is /etc itself.
	if real, err := filepath.EvalSymlinks("/etc/resolv.conf"); err == nil && filepath.Dir(real) != "/etc" {
		files = append(files, filepath.Dir(real))
	}
	return files
}
