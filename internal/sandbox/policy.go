package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"kernel.org/pub/linux/libs/security/libcap/cap"

	"github.com/spurboot/spur/internal/advice"
)

// Policy is what a process may still do after Enter.
type Policy struct {
	// Account is the user that the process becomes. Only root can become
	// another one than it is.
	Account Account
	// Capabilities are those that the process keeps, as far as it has them.
	Capabilities []cap.Value
	// Read are files and folders to read, folders with all that is below them.
	Read []string
	// Write are folders below which files are read, written, made and removed.
	Write []string
	// Remove are folders below which files and empty folders may be removed.
	Remove []string
	// Readable are files and folders that the process must be able to read
	// although only root may: if there is one, or if ReadAll is set, a process
	// that was root keeps CAP_DAC_READ_SEARCH, which the fence confines.
	Readable []string
	ReadAll  bool
	// Removable are folders in which files must be removed in the end: if there
	// is one in which only root may, CAP_DAC_OVERRIDE is kept likewise.
	Removable []string
}

// Status is what became of a process.
type Status struct {
	Account      Account
	Capabilities []cap.Value // that it has
	Landlock     int         // version of the kernel's Landlock; 0 without it
}

// CapabilityNames are such as cap_net_raw.
func (s Status) CapabilityNames() []string {
	names := []string{}
	for _, c := range s.Capabilities {
		names = append(names, c.String())
	}
	return names
}

// Weakness says what a process could still do that its policy forbids, or "".
func (s Status) Weakness() string {
	if s.Landlock > 0 {
		return ""
	}
	who := fmt.Sprintf("the user %d may", s.Account.UID)
	for _, c := range s.Capabilities {
		if c == cap.DAC_READ_SEARCH || c == cap.DAC_OVERRIDE {
			who = "root may"
		}
	}
	return "this kernel has no Landlock: nothing confines Spur to its folders, so a fault of it could read whatever " + who
}

// Enter confines this process to a policy, with all its threads and for good.
// After an error the process may be confined in part; it should end.
func Enter(p Policy) (Status, error) {
	if err := p.Account.CheckChange(); err != nil {
		return Status{}, err
	}
	spare := p.spare()
	if err := become(p.Account); err != nil {
		return Status{}, advice.Wrap(fmt.Errorf("become the user %s: %w", p.Account.Name, err),
			"let Spur keep CAP_SETUID, CAP_SETGID and CAP_SETPCAP until then, or stay with --user root")
	}
	if err := limit(slices.Concat(p.Capabilities, spare), p.Capabilities); err != nil {
		return Status{}, fmt.Errorf("give up capabilities: %w", err)
	}
	kept := slices.Concat(p.Capabilities, p.needed(spare))
	// Folders that only root can reach are found by the spare capabilities.
	if err := limit(slices.Concat(p.Capabilities, spare), spare); err != nil {
		return Status{}, fmt.Errorf("give up capabilities: %w", err)
	}
	version, err := restrict(p.rules())
	if err != nil {
		return Status{}, fmt.Errorf("confine Spur to its folders by Landlock: %w", err)
	}
	if err := limit(kept, kept); err != nil {
		return Status{}, fmt.Errorf("give up capabilities: %w", err)
	}
	return Status{Account: p.Account, Capabilities: held(kept), Landlock: version}, nil
}

// spare are the capabilities that may turn out to be needed for files that
// only root may use.
func (p Policy) spare() []cap.Value {
	spare := []cap.Value{cap.DAC_READ_SEARCH}
	if len(p.Removable) > 0 {
		spare = append(spare, cap.DAC_OVERRIDE)
	}
	return spare
}

// needed are those of the spare capabilities without which a file can't be
// used. None of them is effective while this is asked, so that the kernel
// itself says what the user may do, access control lists included.
func (p Policy) needed(spare []cap.Value) []cap.Value {
	var needed []cap.Value
	for _, c := range spare {
		switch {
		case c == cap.DAC_READ_SEARCH && (p.ReadAll || denied(p.Readable, canRead)),
			c == cap.DAC_OVERRIDE && denied(p.Removable, canWrite):
			needed = append(needed, c)
		}
	}
	return needed
}

// denied says whether permission is all that is missing to use one of the paths.
func denied(paths []string, use func(string) error) bool {
	for _, path := range paths {
		if errors.Is(use(path), fs.ErrPermission) {
			return true
		}
	}
	return false
}

func canRead(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}
