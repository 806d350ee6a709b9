package target

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/image"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/size"
)

// leftOut is a file of a folder of targets that can't be booted, or a folder in it that was
// taken for one target.
type leftOut struct {
	name string // its path for people; a folder's ends in a slash
	why  string
}

// leadsOut is said of a link that isn't followed, since Spur serves nothing that lies
// outside of the folders that it was given.
const (
	leadsOut       = "a link that leads out of the folder"
	leadsOutRemedy = "name what a link leads to as a target of its own, or put it into the folder, which a hard link or a bind mount does too"
)

// notBooting is what is at a path that can't be booted.
func (p part) notBooting(full string, err error) leftOut {
	name := p.below(full)
	if isDir(full) {
		name += "/"
	}
	return leftOut{name, reason(full, err)}
}

// reason is an error about a file without the file's path, which is told beside it.
func reason(full string, err error) string {
	var m *image.Mismatch
	var at *fs.PathError
	switch info, lerr := os.Lstat(full); {
	case errors.As(err, &m):
		return m.Looks
	case lerr == nil && info.Mode()&fs.ModeSymlink != 0 && errors.Is(err, fs.ErrNotExist):
		return "a link that leads nowhere"
	case lerr == nil && info.Mode()&fs.ModeSymlink != 0 && errors.As(err, &at):
		return leadsOut
	}
	text := err.Error()
	for _, name := range []string{full, filepath.Base(full)} {
		if rest, ok := strings.CutPrefix(text, name); ok {
			text = aboutIt(afterLabel(rest))
		}
	}
	return strings.ReplaceAll(text, full, filepath.Base(full))
}

// aboutIt is what is behind a file's name: a sentence of its own, or one that begins with it.
func aboutIt(rest string) string {
	if verb, ok := strings.CutPrefix(rest, " "); ok {
		return "it " + verb
	}
	return strings.TrimLeft(rest, ": ")
}

// afterLabel is text without the label of a disc that it begins with, in brackets.
func afterLabel(text string) string {
	if rest, ok := strings.CutPrefix(text, " ("); ok {
		if _, behind, ok := strings.Cut(rest, ")"); ok {
			return behind
		}
	}
	return text
}

// isFolder tells whether it is a folder.
func (o leftOut) isFolder() bool { return strings.HasSuffix(o.name, "/") }

// isImage tells whether it is by its name meant to boot, also in what packs one file.
func (o leftOut) isImage() bool {
	name := strings.ToLower(o.name)
	for _, packed := range []string{".gz", ".bz2", ".xz", ".zst"} {
		name = strings.TrimSuffix(name, packed)
	}
	return slices.Contains([]string{".iso", ".img", ".qcow2", ".vhd", ".vhdx", ".vmdk", ".raw", ".wim", ".efi"}, path.Ext(name))
}

// apart are those that are images by their names, folders behind them, and the others.
func apart(all []leftOut) (images, others []leftOut) {
	var folders []leftOut
	for _, o := range all {
		switch {
		case o.isFolder():
			folders = append(folders, o)
		case o.isImage():
			images = append(images, o)
		default:
			others = append(others, o)
		}
	}
	return append(images, folders...), others
}

// Bounds of what is told at the start of what can't be booted.
const (
	leftOutTold  = 5
	leftOutChars = 90 // of the reason of each
)

// skippedText says what isn't in the menu: the images among it each with its reason. It is
// empty for nothing.
func (g *groupLook) skippedText() string {
	images, others := apart(g.skipped)
	var text []string
	more := g.whereListed()
	switch {
	case len(images) > 0:
		thing := map[bool]string{true: "target", false: "image"}[slices.ContainsFunc(images, leftOut.isFolder)]
		others := map[bool]string{true: "; nor can " + size.Count(len(others), "other file")}[len(others) > 0]
		text = append(text, stayOut(len(images), thing)+": "+toldOf(images)+others+more)
	case len(others) > 0:
		text = append(text, stayOut(len(others), "file")+more)
	}
	if slices.ContainsFunc(g.skipped, func(o leftOut) bool { return o.why == leadsOut }) {
		text = append(text, leadsOutRemedy)
	}
	if len(g.empty) > 0 {
		text = append(text, "nothing boots of what is in "+firstOf(g.empty)+" now; what is put there comes into the menu")
	}
	for _, folder := range g.unread[:min(len(g.unread), leftOutTold)] {
		text = append(text, printable.Line("the folder "+folder.name+" can't be read: "+folder.why))
	}
	if n := len(g.unread) - leftOutTold; n > 0 {
		text = append(text, "nor can "+size.Count(n, "other folder"))
	}
	if n := len(g.deeper); n > 0 {
		also := ""
		if n > 1 {
			also = ", and so " + map[bool]string{true: "does ", false: "do "}[n == 2] + size.Count(n-1, "other folder")
		}
		text = append(text, fmt.Sprintf("%s lies deeper than the %d folders that are looked into%s", printable.Line(g.deeper[0]), groupDepth, also))
	}
	if n := len(g.unpacking); n > 0 {
		text = append(text, size.Count(n, "image")+" will come into the menu when unpacked: "+firstOf(g.unpacking))
	}
	if g.more != "" {
		text = append(text, g.more)
	}
	return strings.Join(text, "; ")
}

// firstOf names the first of them, and how many more there are.
func firstOf(names []string) string {
	n := min(len(names), leftOutTold)
	return printable.Line(strings.Join(names[:n], ", ")) + andMore(len(names)-n)
}

// andMore says how many more there are; "" for none.
func andMore(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// whereListed says which command lists all that can't be booted; nothing where what is said
// stands beside that list.
func (g *groupLook) whereListed() string {
	if g.up.Lists {
		return ""
	}
	them := map[bool]string{true: "it", false: "them all"}[len(g.skipped) == 1]
	return "; spur explain " + g.foldersInShell() + " --menu" + g.flagsInShell() + " lists " + them
}

// flagsInShell are the flags that decide what of the folders boots, for a command line.
func (g *groupLook) flagsInShell() string {
	text := ""
	for _, p := range g.parts {
		if t := p.target; p.named == nil {
			for _, f := range []struct{ flag, value string }{{"as", t.As}, {"root", t.Root}, {"cmdline", t.Cmdline}, {"families", t.Families}} {
				if f.value != "" {
					text += " --" + f.flag + " " + inShell(f.value)
				}
			}
			return text
		}
	}
	return text
}

// foldersInShell are the folders of a menu as they were named, for a command line.
func (g *groupLook) foldersInShell() string {
	var all []string
	for _, p := range g.parts {
		if p.named == nil {
			all = append(all, inShell(p.target.Kernel))
		}
	}
	return strings.Join(all, " ")
}

// inShell is a name as a shell reads it, but for characters that no terminal shows.
func inShell(name string) string {
	plain := func(r rune) bool {
		return r >= 0x80 || strings.ContainsRune("%+,-./:=@_", r) || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	shown := printable.Line(name)
	if strings.IndexFunc(shown, func(r rune) bool { return !plain(r) }) < 0 {
		return shown
	}
	return "'" + strings.ReplaceAll(shown, "'", `'\''`) + "'"
}

// stayOut says how many things aren't in the menu.
func stayOut(n int, thing string) string {
	if n == 1 {
		return "1 " + thing + " can't be booted and stays out of the menu"
	}
	return size.Count(n, thing) + " can't be booted and stay out of the menu"
}

// toldOf names the first of them, each with its reason in a few words.
func toldOf(all []leftOut) string {
	var told []string
	for _, o := range all[:min(len(all), leftOutTold)] {
		why := []rune(printable.Line(o.why))
		if len(why) > leftOutChars {
			why = append(why[:leftOutChars-1], '…')
		}
		told = append(told, fmt.Sprintf("%s (%s)", printable.Line(o.name), string(why)))
	}
	return strings.Join(told, ", ") + andMore(len(all)-len(told))
}
