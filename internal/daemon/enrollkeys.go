package daemon

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/efi/enroll"
	"github.com/spurboot/spur/internal/efi/keys"
	"github.com/spurboot/spur/internal/efi/siglist"
	"github.com/spurboot/spur/internal/efi/signeddata"
	"github.com/spurboot/spur/internal/host"
	"github.com/spurboot/spur/internal/route"
	"github.com/spurboot/spur/internal/scratch"
	"github.com/spurboot/spur/internal/target"
	"github.com/spurboot/spur/internal/wholefile"
)

// EnrollKeys has every machine that asks write the keys of Secure Boot in the folder
// of --data into its firmware, once for each, until ctx ends. Without microsoft they
// replace what a machine has; else they are added to it, with those of Microsoft's
// certificates that are found on this host.
func EnrollKeys(ctx context.Context, c Config, microsoft bool) error {
	c.Once, c.forgets = true, true
	if c.Data == "" {
		return advice.Misused(advice.New("there are no keys without --data", "name the folder in which spur loader keys init has made them"))
	}
	writes, texts, err := c.keyWrites(microsoft, time.Now())
	if err != nil {
		return err
	}
	dir, done, err := c.enrollFolder()
	if err != nil {
		return err
	}
	defer done()
	t, err := enrollPrograms(dir, texts, writes)
	if err != nil {
		return err
	}
	return Boot(ctx, c, t)
}

// enrollFolder is where the programs are put that enroll keys, which hold nothing
// secret: below the folder of --data, and in a dry run in one that goes with it.
func (c Config) enrollFolder() (dir string, done func(), err error) {
	if c.DryRun {
		folder, err := scratch.New("spur-enroll-")
		if err != nil {
			return "", nil, err
		}
		return folder.Path(), func() { _ = folder.Close() }, nil
	}
	data, err := datafolder.Own(c.Data)
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(data, "enroll")
	err = os.MkdirAll(dir, 0o755)
	return dir, func() {}, advice.Or(err, datafolder.Advise(err))
}

// enrollPrograms writes a program for each architecture that has one.
func enrollPrograms(dir string, texts enroll.Texts, writes []enroll.Write) (target.Target, error) {
	programs := map[boot.Arch]target.Target{}
	for _, arch := range []boot.Arch{boot.X64, boot.ARM64} {
		content, err := enroll.Program(arch, texts, writes)
		if err != nil {
			return target.Target{}, err
		}
		path := filepath.Join(dir, "enroll-keys-"+string(arch)+".efi")
		if err := wholefile.Replace(path, content, 0o644); err != nil {
			return target.Target{}, advice.Or(err, datafolder.Advise(err))
		}
		programs[arch] = target.Target{Kernel: path}
	}
	return target.Target{Kernel: programs[boot.X64].Kernel, For: map[boot.Arch]target.Target{boot.ARM64: programs[boot.ARM64]}}, nil
}

// keyWrites are the variables in the order in which firmware in setup mode takes
// them: the PK ends that mode.
func (c Config) keyWrites(microsoft bool, now time.Time) ([]enroll.Write, enroll.Texts, error) {
	have, signers, err := c.allKeys(now)
	if err != nil {
		return nil, enroll.Texts{}, err
	}
	var others map[keys.Role][]*x509.Certificate
	if microsoft {
		others = c.microsofts()
	}
	signedBy := map[keys.Role]keys.Role{keys.DB: keys.KEK, keys.KEK: keys.PK, keys.PK: keys.PK}
	var writes []enroll.Write
	before := "\nSpur enrolls keys of Secure Boot in this machine:\n\n"
	for _, role := range []keys.Role{keys.DB, keys.KEK, keys.PK} {
		u := siglist.Update{Variable: role.Variable(), Time: now.Truncate(time.Second), Append: microsoft && role != keys.PK}
		for _, certificate := range append(others[role], have[role].Certificate) {
			u.Data = append(u.Data, siglist.Certificates(keys.Owner([]keys.Kept{have[keys.PK]}), certificate)...)
			before += fmt.Sprintf("  %-4s %s\n", role, shown(certificate))
		}
		update, err := u.Sign(signers[signedBy[role]])
		if err != nil {
			return nil, enroll.Texts{}, err
		}
		writes = append(writes, enroll.Write{Variable: u.Variable, Append: u.Append, Update: update, Refused: refusedText(role)})
	}
	return writes, enroll.Texts{
		Before: before + "\n",
		Done:   "Done. The keys are enrolled, and from its next start on this machine starts only\nwhat is signed. It restarts in ten seconds.\n",
	}, nil
}

// refusedText is for whoever stands before the machine.
func refusedText(role keys.Role) string {
	return fmt.Sprintf("The firmware did not take the %s.\n\n"+
		"It is not in setup mode, most likely. Enter its set-up menu, clear the keys of\n"+
		"Secure Boot there (\"Reset to Setup Mode\", \"Delete all Secure Boot variables\"),\n"+
		"and start this machine from the network once more. It goes on in a minute.\n", role)
}

// shown is a certificate's name in letters that every firmware can show.
func shown(c *x509.Certificate) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, c.Subject.CommonName)
}

// allKeys are all three keys, and what signs with them.
func (c Config) allKeys(now time.Time) (map[keys.Role]keys.Kept, map[keys.Role]*signeddata.Signer, error) {
	passphrase, err := host.ReadPassphrase(c.Passphrase)
	if err != nil {
		return nil, nil, err
	}
	dir, err := host.KeysDir(c.Data)
	if err != nil {
		return nil, nil, err
	}
	kept, err := keys.Read(dir)
	if err != nil {
		return nil, nil, err
	}
	have, signers := map[keys.Role]keys.Kept{}, map[keys.Role]*signeddata.Signer{}
	for _, k := range kept {
		have[k.Role] = k
		if signers[k.Role], err = k.Signer(passphrase, now); err != nil {
			return nil, nil, err
		}
	}
	for _, role := range keys.Roles() {
		if signers[role] == nil {
			return nil, nil, advice.New(fmt.Sprintf("there is no %s in %s", role, dir), "spur loader keys init --data "+c.Data+" makes the keys that aren't there yet")
		}
	}
	return have, signers, nil
}

// firmwareVariables are where distributions have variables of firmware for virtual
// machines with Microsoft's certificates in them.
func firmwareVariables() []string {
	return []string{
		"/usr/share/OVMF/OVMF_VARS_4M.ms.fd", "/usr/share/OVMF/OVMF_VARS.ms.fd",
		"/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd", "/usr/share/edk2/ovmf/OVMF_VARS_4M.secboot.fd",
	}
}

// searchedMost bounds what is searched of a file, in bytes.
const searchedMost = 16 << 20

// microsofts are Microsoft's certificates that are on this host: in its shims, and in
// the variables of firmware for virtual machines.
func (c Config) microsofts() map[keys.Role][]*x509.Certificate {
	paths := firmwareVariables()
	if host, err := c.findHost(); err == nil {
		for _, b := range host.Loaders {
			if b.Identity.Kind == route.KindShim {
				paths = append(paths, b.Path)
			}
		}
	}
	var contents [][]byte
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			continue // it isn't on this host
		}
		content, err := io.ReadAll(io.LimitReader(f, searchedMost))
		if err == nil {
			contents = append(contents, content)
		}
		_ = f.Close()
	}
	db, kek := enroll.Microsoft(contents...)
	return map[keys.Role][]*x509.Certificate{keys.DB: db, keys.KEK: kek}
}
