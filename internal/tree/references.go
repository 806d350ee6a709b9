package tree

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/route"
)

// Reference is a place in an iPXE script that has a file loaded.
type Reference struct {
	Script string // the script, relative to the folder of the first
	Line   int
	Name   string // of the file, likewise
	// Sure: iPXE comes to this line whatever the machine is like, and stops at it
	// if the file can't be had.
	Sure bool
	Err  error // why it can't be had
	runs bool  // the file is run at once, if it is a script
}

// errRooted is about a name that iPXE looks for at the root of Spur's server,
// where nothing of a script's is.
var errRooted = advice.New("names that begin with / aren't served", `write it relative to the script, or as {{ ID "/the/file" }} in the first script`)

// Missing lists the files that can't be had of those that the operator's script
// has loaded, and the scripts that it leads to. A name with settings in it is
// left alone: only a machine knows what it comes to. On somebody's server only
// what every machine loads is looked for.
func (t *Tree) Missing(ctx context.Context, name, text string) []Reference {
	if t.ScriptFiles == nil {
		return nil
	}
	find := func(name string) (fs.File, error) { return t.ScriptFiles.find(ctx, name) }
	return lacking(name, text, find, func(at Reference) bool {
		return t.servedBySpur(strings.TrimPrefix(at.Name, "/")) || t.ScriptFiles.remote && !at.Sure && at.Err == nil
	})
}

// MissingBelow lists them of a script in a folder that is served as it is, where a name that
// begins with a slash may be one of it.
func MissingBelow(folder fs.FS, name, text string) []Reference {
	return lacking(name, text, folder.Open, func(at Reference) bool { return at.Err != nil })
}

// lacking goes from script to script.
func lacking(name, text string, find func(name string) (fs.File, error), skip func(Reference) bool) []Reference {
	var all []Reference
	seen := map[string]bool{name: true}
	todo := references(name, text)
	for len(todo) > 0 && len(seen) < maxScriptNames {
		at := todo[0]
		todo = todo[1:]
		if seen[at.Name] || skip(at) {
			continue
		}
		seen[at.Name] = true
		if at.Err != nil {
			all = append(all, at)
			continue
		}
		f, err := find(at.Name)
		if err != nil {
			at.Err = err
			all = append(all, at)
			continue
		}
		todo = append(todo, leadsTo(at, f)...)
		_ = f.Close() // it was only read
	}
	return all
}

// servedBySpur tells whether a name beside an operator's script is one of
// Spur's.
func (t *Tree) servedBySpur(name string) bool {
	_, binary := t.Loaders.Named(name)
	return binary || name == route.IPXEScript || name == route.BeaconFile
}

// find opens what a machine would be given under a name.
func (s *ScriptFiles) find(ctx context.Context, name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, errors.New("it is outside of the script's folder")
	}
	return s.open(ctx, name, "")
}

// leadsTo lists what a file has loaded, if it is a script. A machine comes to it
// for sure where it surely runs the script.
func leadsTo(from Reference, f fs.File) []Reference {
	r, ok := f.(io.ReaderAt)
	if !ok {
		return nil
	}
	text, _ := scriptText(r)
	all := references(from.Name, text)
	for i := range all {
		all[i].Sure = all[i].Sure && from.Sure && from.runs
	}
	return all
}

// references lists what the commands of a script load under plain names. Names
// of images that were loaded before are none of files.
func references(script, text string) []Reference {
	var all []Reference
	images := map[string]bool{}
	sure, n := true, 0
	for line := range strings.Lines(text) {
		n++
		words := commandWords(line)
		sure = sure && straight(words)
		for _, c := range splitCommands(words) {
			file, image := loads(c)
			if image != "" {
				images[image] = true
			}
			at := Reference{Script: script, Line: n, Name: path.Join(path.Dir(script), file), Sure: sure}
			at.runs = file != "" && slices.Contains([]string{"chain", "imgexec", "boot"}, c[0])
			switch {
			case file == "":
			case strings.HasPrefix(file, "/") && isPlain(file[1:]):
				at.Name, at.Err = file, errRooted
				images[path.Base(file)] = true
				all = append(all, at)
			case !isPlain(file):
				images[path.Base(file)] = true
			default:
				all = append(all, at)
			}
		}
		// What a script chains to need not come back.
		sure = sure && !slices.Contains(words, "chain")
	}
	return slices.DeleteFunc(all, func(r Reference) bool { return r.Err == nil && images[path.Base(r.Name)] })
}

// commandWords are the words of a line without its comment.
func commandWords(line string) []string {
	words := strings.Fields(line)
	if i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "#") }); i >= 0 {
		words = words[:i]
	}
	return words
}

// straight tells whether iPXE goes from this line to the next one, or ends the
// script.
func straight(words []string) bool {
	if slices.ContainsFunc(words, ends) {
		return false
	}
	if len(words) == 0 || strings.HasPrefix(words[0], ":") {
		return true
	}
	_, load := command(words[0])
	return load || slices.Contains([]string{"echo", "dhcp", "ifopen", "ifconf", "imgfree", "imgargs", "imgselect", "clear", "sleep"}, words[0])
}

// ends tells whether a word ends a command of iPXE (core/exec.c).
func ends(word string) bool { return word == "||" || word == "&&" || word == ";" }

func splitCommands(words []string) [][]string {
	var all [][]string
	for {
		i := slices.IndexFunc(words, ends)
		if i < 0 {
			return append(all, words)
		}
		all, words = append(all, words[:i]), words[i+1:]
	}
}

// loads says which file a command loads, and by which name it is known then if
// not by its own.
func loads(words []string) (file, image string) {
	if len(words) == 0 {
		return "", ""
	}
	if role, ok := command(words[0]); !ok || role == route.Extra {
		return "", ""
	}
	for i := 1; i < len(words); i++ {
		option, value, joined := strings.Cut(words[i], "=")
		switch {
		case !strings.HasPrefix(option, "-"):
			return strings.Trim(words[i], `"'`), image
		case option == "--name" || option == "-n" || option == "--timeout" || option == "-t":
			if !joined && i+1 < len(words) {
				i++
				value = words[i]
			}
			if option == "--name" || option == "-n" {
				image = value
			}
		}
	}
	return "", image
}

// isPlain tells whether a word names one file beside the script: no setting is
// in it, nothing that Spur fills in, no scheme, no query, nothing escaped, and it
// doesn't begin at the root.
func isPlain(word string) bool {
	return !strings.ContainsAny(word, "$:?%#{}") && !strings.HasPrefix(word, "/") && len(word) <= 1024
}
