package sandbox

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// become changes the user and groups of all threads, and keeps what is
// permitted.
func become(a Account) error {
	if os.Geteuid() == a.UID {
		return nil
	}
	if err := emptyBounds(); err != nil {
		return err
	}
	return errors.Join(cap.SetGroups(a.GID), cap.SetUID(a.UID))
}

// limit gives up every capability that is not among the permitted ones, and
// has the effective ones in effect. What the process doesn't have is left out,
// and no program that it might run gets more.
func limit(permitted, effective []cap.Value) error {
	if _, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	// CAP_SETPCAP empties the bounding set; a process without it has to keep
	// its bounds, which no_new_privs makes worthless.
	if err := emptyBounds(); err != nil && !errors.Is(err, unix.EPERM) {
		return err
	}
	set := cap.NewSet()
	if err := errors.Join(
		set.SetFlag(cap.Permitted, true, held(permitted)...),
		set.SetFlag(cap.Effective, true, held(effective)...),
	); err != nil {
		return err
	}
	return errors.Join(cap.ResetAmbient(), set.SetProc())
}

// emptyBounds takes every capability from the bounding set of all threads.
func emptyBounds() error {
	set := cap.GetProc()
	before, err := set.Dup()
	if err != nil {
		return err
	}
	if able, err := set.GetFlag(cap.Permitted, cap.SETPCAP); err != nil || !able {
		return errors.Join(err, unix.EPERM)
	}
	if err := errors.Join(set.SetFlag(cap.Effective, true, cap.SETPCAP), set.SetProc()); err != nil {
		return err
	}
	for c := cap.Value(0); c < cap.MaxBits(); c++ {
		if err := cap.DropBound(c); err != nil {
			return err
		}
	}
	return before.SetProc()
}

// held are those capabilities that are permitted to this process.
func held(caps []cap.Value) []cap.Value {
	set := cap.GetProc()
	var held []cap.Value
	for _, c := range caps {
		if has, err := set.GetFlag(cap.Permitted, c); err == nil && has {
			held = append(held, c)
		}
	}
	return held
}

func canWrite(path string) error {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)
}
