package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/efi/keys"
	"github.com/spurboot/spur/internal/host"
	"github.com/spurboot/spur/internal/printable"
)

func loaderKeysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Keep your own keys of Secure Boot",
		Long: `Keep your own keys of Secure Boot.

A machine with Secure Boot on starts only what is signed with a key that its
firmware knows. With keys of your own in the folder of --data, what spur boot and
spur api give out is signed while it is served. A machine knows your keys once
you have enrolled them in it.

There are three, each an RSA key with its certificate in a file of DIR/keys that
only its owner may read: db signs what may start, KEK may change db in a running
machine, and PK rules over KEK. Only db is needed to sign.

Exit codes are 0 after success, 1 after a failure, 2 for wrong usage.`,
	}
	cmd.AddCommand(keysInitCommand(), keysShowCommand(), keysExportCommand(), keysImportCommand())
	return cmd
}

// keysFlags are those of commands that work on keys.
type keysFlags struct {
	data       string
	passphrase string
}

func (f *keysFlags) add(cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&f.data, "data", "", "the `folder` that Spur is given with --data")
}

func (f *keysFlags) addPassphrase(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.passphrase, "passphrase-file", "", "a `file` whose first line is the passphrase of the keys (default: they have none)")
}

// open is the folder of keys, and their passphrase.
func (f *keysFlags) open(cmd *cobra.Command) (dir string, passphrase []byte, err error) {
	if f.data == "" {
		return "", nil, usage(cmd, fmt.Errorf("--data DIR is missing"))
	}
	if passphrase, err = host.ReadPassphrase(f.passphrase); err != nil {
		return "", nil, err
	}
	dir, err = host.KeysDir(f.data)
	return dir, passphrase, err
}

func keysInitCommand() *cobra.Command {
	var flags keysFlags
	cmd := &cobra.Command{
		Use:   "init --data DIR",
		Short: "Make the keys that aren't there yet",
		Long: `Make PK, KEK and db, or those of them that aren't there yet: RSA keys of 2048
bits, which every firmware takes, with certificates that are valid for 30 years.

With --passphrase-file they are encrypted, and every command that signs wants the
passphrase. Keep a copy of the folder: without PK and KEK a machine's keys can only
be changed by clearing them in its firmware.`,
		Example: `  spur loader keys init --data /var/lib/spur
  spur loader keys init --data /var/lib/spur --passphrase-file passphrase`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, passphrase, err := flags.open(cmd)
			if err != nil {
				return err
			}
			made, err := keys.Create(dir, passphrase, time.Now())
			for _, k := range made {
				tellKey(cmd.OutOrStdout(), k)
			}
			return err
		},
	}
	flags.add(cmd)
	flags.addPassphrase(cmd)
	return cmd
}

func keysShowCommand() *cobra.Command {
	var flags keysFlags
	cmd := &cobra.Command{
		Use:     "show --data DIR",
		Short:   "Show which keys there are",
		Example: `  spur loader keys show --data /var/lib/spur`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, _, err := flags.open(cmd)
			if err != nil {
				return err
			}
			have, err := readKeys(dir)
			if err != nil {
				return err
			}
			for _, k := range have {
				tellKey(cmd.OutOrStdout(), k)
			}
			for _, r := range keys.Roles() {
				if !slices.ContainsFunc(have, func(k keys.Kept) bool { return k.Role == r }) {
					fmt.Fprintf(cmd.OutOrStdout(), "%-4s none\n", r)
				}
			}
			return nil
		},
	}
	flags.add(cmd)
	return cmd
}

func keysExportCommand() *cobra.Command {
	var flags keysFlags
	cmd := &cobra.Command{
		Use:   "export FOLDER --data DIR",
		Short: "Write what firmware takes, to enroll the keys by hand",
		Long: `Write the public halves of the keys into FOLDER, in the forms that firmware's
set-up menus and tools take:

  PK.cer  KEK.cer  db.cer    certificates in DER: most set-up menus
  PK.crt  KEK.crt  db.crt    certificates in PEM: virt-fw-vars, sbverify
  PK.esl  KEK.esl  db.esl    signature lists: KeyTool, some set-up menus
  PK.auth KEK.auth db.auth   signed updates: efi-updatevar, some set-up menus

An update replaces what is in its variable, Microsoft's certificates too. Enroll
db first, then KEK, and PK last: with it the machine leaves setup mode. Files that
are there already are left as they are.`,
		Example: `  spur loader keys export public --data /var/lib/spur`,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, passphrase, err := flags.open(cmd)
			if err != nil {
				return err
			}
			have, err := readKeys(dir)
			if err != nil {
				return err
			}
			names, err := keys.Export(args[0], have, passphrase, time.Now())
			for _, name := range names {
				fmt.Fprintln(cmd.OutOrStdout(), printable.Line(name))
			}
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "They are enrolled as those of owner %s.\n", keys.Owner(have))
			}
			return err
		},
	}
	flags.add(cmd)
	flags.addPassphrase(cmd)
	return cmd
}

func keysImportCommand() *cobra.Command {
	var flags keysFlags
	cmd := &cobra.Command{
		Use:   "import KIND KEY CERTIFICATE --data DIR",
		Short: "Keep a key that you have already",
		Long: `Keep a key that was made elsewhere: KIND is db, KEK or PK, KEY its private key and
CERTIFICATE its certificate, in PEM, which may be one file. To sign, db is enough.

An encrypted KEY is opened by the passphrase in --passphrase-file, and is kept
encrypted with it. UEFI takes RSA keys only, of 2048 bits or more.`,
		Example: `  spur loader keys import db db.key db.pem --data /var/lib/spur`,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, passphrase, err := flags.open(cmd)
			if err != nil {
				return err
			}
			role, err := keys.ParseRole(args[0])
			if err != nil {
				return usage(cmd, err)
			}
			k, err := keys.Import(dir, role, args[1], args[2], passphrase, time.Now())
			if err != nil {
				return err
			}
			tellKey(cmd.OutOrStdout(), k)
			return nil
		},
	}
	flags.add(cmd)
	flags.addPassphrase(cmd)
	return cmd
}

// readKeys reads keys that have to be there.
func readKeys(dir string) ([]keys.Kept, error) {
	have, err := keys.Read(dir)
	if err == nil && len(have) == 0 {
		err = advice.New(dir+" has no keys", "spur loader keys init makes them, spur loader keys import takes those that you have")
	}
	return have, err
}

// tellKey describes a key by its certificate. The fingerprint is what firmware's
// set-up menus show.
func tellKey(out io.Writer, k keys.Kept) {
	locked := ""
	if k.Locked {
		locked = ", with a passphrase"
	}
	fmt.Fprintln(out, printable.Line(fmt.Sprintf("%-4s %s", k.Role, k.Name())))
	fmt.Fprintln(out, printable.Line(fmt.Sprintf("     in %s, valid until %s%s", k.Path, k.Certificate.NotAfter.Format(time.DateOnly), locked)))
	fmt.Fprintf(out, "     SHA-256 %s\n", k.Fingerprint())
}
