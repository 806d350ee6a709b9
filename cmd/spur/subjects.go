package main

import (
	"cmp"
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// texts has a file for each subject of a command that has more to say than its flags do.
//
//go:embed manual
var texts embed.FS

// subject is a part of the manual of commands that have much to say.
type subject struct {
	name, about string
	flags       []string
}

// subjects are those that a command has something to say on; most commands have none.
func subjects(cmd *cobra.Command) []subject {
	var all []subject
	switch cmd.CommandPath() {
	case "spur boot", "spur boot enroll-keys", "spur api", "spur explain", "spur replay", "spur lab":
		all = bootSubjects()
	case "spur disk serve":
		all = serveSubjects()
	}
	return slices.DeleteFunc(all, func(s subject) bool {
		text, _ := s.text(cmd)
		return text == ""
	})
}

func bootSubjects() []subject {
	return []subject{
		{"kernels", "kernels, initrds, EFI applications, scripts", []string{"cmdline", "as", "module", "for", "cmdline-for", "dtb", "message"}},
		{"images", "ISO images and Windows", []string{"entry", "root", "families"}},
		{"disks", "images of disks, which boot as a whole", nil},
		{"folders", "folders of installers, programs for a BIOS, NetBoot for Macs", []string{"netboot-shadow"}},
		{"menus", "menus to choose from, and their passwords", []string{"menu", "menu-timeout", "menu-prompt", "menu-default", "menu-password", "boot-server", "as-boot-server", "item"}},
		{"machines", "which machines, and what each boots", []string{"machines", "only", "once", "mac", "uuid", "serial", "firmware", "arch", "proto", "speaker", "memory", "screenshot", "vnc"}},
		{"network", "DHCP, addresses, interfaces, IPv6, ports", []string{"interface", "server-address", "dhcp", "pool", "router", "dns", "ra", "force", "root-path", "server", "http-port", "tftp-port", "nfs-port", "nbd-port", "iscsi-port"}},
		{"loaders", "what leads from a machine's firmware to its kernel", []string{"loaders", "loader"}},
		{"security", "Secure Boot, HTTPS, whom Spur becomes", []string{"secure-boot", "passphrase-file", "https-port", "tls-cert", "tls-key", "acme", "acme-directory", "acme-email", "user"}},
		{"running", "what is kept and told, how Spur ends", []string{"data", "record", "log", "dry-run", "watch", "expect", "timeout", "quiet"}},
		{"packets", "the packets of an offer", []string{"bytes", "packets"}},
		{"captures", "what a capture of packets shows", []string{"pcap"}},
	}
}

func serveSubjects() []subject {
	return []subject{
		{"address", "where a disk is served", []string{"listen", "interface", "shelf", "slot"}},
		{"names", "what tells it from other disks", []string{"name"}},
		{"access", "who may use it", []string{"chap-user", "chap-password-file", "mutual-user", "mutual-password-file", "initiator", "tls-cert", "tls-key", "tls-ca", "user", "allow-backing"}},
		{"writing", "what is written, and where", []string{"read-only", "overlay", "block-size", "format"}},
		{"clients", "how clients of each system get it", nil},
	}
}

// text is what a command says on a subject, and its examples of it; empty where it has
// nothing to say. Commands that are told what boots as spur boot is refer to that.
func (s subject) text(cmd *cobra.Command) (text, examples string) {
	b, err := texts.ReadFile(s.file(cmd))
	switch {
	case err != nil && (s.flagsOf(cmd).HasFlags() || s.flags == nil && cmd.Flags().Lookup("as") != nil): // it takes targets
		return fmt.Sprintf("spur boot --help %s says more.", s.name), ""
	case err != nil:
		return "", ""
	}
	text, examples, _ = strings.Cut(strings.TrimRight(string(b), "\n"), "\n\nExamples:\n")
	return text, examples
}

// file is where a command's text on a subject is.
func (s subject) file(cmd *cobra.Command) string {
	of := strings.ReplaceAll(strings.TrimPrefix(cmd.CommandPath(), "spur "), " ", "_")
	return path.Join("manual", of, s.name+".txt")
}

// flagsOf are the flags of a command that a subject is about.
func (s subject) flagsOf(cmd *cobra.Command) *pflag.FlagSet {
	return flagsThat(cmd, func(name string) bool { return slices.Contains(s.flags, name) })
}

// often are the flags of a command's subjects that its first help shows as well.
func often(cmd *cobra.Command) []string {
	switch cmd.CommandPath() {
	case "spur boot":
		return []string{"interface", "dhcp", "pool", "only", "once", "cmdline", "menu", "machines", "secure-boot", "data", "dry-run"}
	case "spur boot enroll-keys", "spur api":
		return []string{"interface", "dhcp", "pool", "only", "data", "dry-run"}
	case "spur disk serve":
		return []string{"listen", "interface", "read-only", "overlay", "chap-user", "chap-password-file", "format"}
	case "spur lab":
		return []string{"firmware", "cmdline", "menu", "screenshot", "watch", "expect", "quiet"}
	case "spur replay":
		return []string{"only", "dhcp", "data", "cmdline", "menu"}
	}
	return []string{"firmware", "arch", "proto", "speaker", "bytes", "packets", "pcap", "only", "machines", "mac", "cmdline", "menu", "item", "loader"}
}

// brief is what the first help says of a flag; empty for what the flag itself says.
func brief(cmd *cobra.Command, flag string) string {
	texts := map[string]string{
		"menu":     "`[pxe]`: make the arguments, or a folder, a menu to choose from",
		"machines": "a `file` that says what each machine boots",
		"loader":   "by this `loader` alone: ipxe, grub, pxelinux, …",
		"firmware": "the machine's `firmware`: bios, uefi or another",
		"arch":     "its `architecture` (default: x64)",
		"pcap":     "a `file`, a capture of packets: say what went wrong in it",
		"packets":  "show the first exchange packet by packet",
		"speaker":  "who speaks, a `program`: rom, ipxe, gpxe, u-boot or another",
	}
	if strings.HasPrefix(cmd.CommandPath(), "spur boot") || cmd.Name() == "api" {
		maps.Copy(texts, map[string]string{
			"interface":   "serve on these `interfaces` only (default: all that can)",
			"dhcp":        "`who` gives addresses: proxy, server (Spur) or off",
			"pool":        "`addresses` to give: 10.0.0.100-10.0.0.200",
			"once":        "boot each machine once, until it has fetched all, then leave it to its disk",
			"secure-boot": "`auto|on|off`: whether machines have Secure Boot on",
			"data":        "a `folder` for what survives a restart",
			"dry-run":     "say what would be served, and stop",
		})
	}
	return texts[flag]
}

// shownFirst are the flags of a command's first help, in brief: those used often, and
// those that are of no subject, which are its own.
func shownFirst(cmd *cobra.Command) *pflag.FlagSet {
	known, some := subjects(cmd), pflag.NewFlagSet("", pflag.ContinueOnError)
	some.SortFlags = false
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		of := slices.ContainsFunc(known, func(s subject) bool { return slices.Contains(s.flags, f.Name) })
		if of && !slices.Contains(often(cmd), f.Name) {
			return
		}
		short := *f
		short.Usage = cmp.Or(brief(cmd, f.Name), f.Usage)
		some.AddFlag(&short)
	})
	return some
}

// flagsThat are those flags of a command whose names fit, in its order.
func flagsThat(cmd *cobra.Command, fits func(name string) bool) *pflag.FlagSet {
	some := pflag.NewFlagSet("", pflag.ContinueOnError)
	some.SortFlags = false
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if fits(f.Name) {
			some.AddFlag(f)
		}
	})
	return some
}

// hasSubject says whether a command has help on a subject of that name, or on all of its own.
func hasSubject(cmd *cobra.Command, name string) bool {
	known := subjects(cmd)
	return name == everything && len(known) > 0 || slices.ContainsFunc(known, func(s subject) bool { return s.name == name })
}
