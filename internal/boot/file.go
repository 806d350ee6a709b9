package boot

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// File is one file of a payload. Nothing is said about whether it can be opened.
type File struct {
	// Source is an absolute path or a URL.
	Source string
	// Inside is the path of a file within the image at Source, with slashes and without
	// a leading one; behind EFIImage one within its boot image; Root for all of its files;
	// empty for Source itself.
	Inside string
	// Packed is the path under which the file is put into a cpio archive, which is what is
	// served; empty for the file as it is. With Root as Inside it names the layout in which
	// all files of an image are.
	Packed string
	// Told is what a text says of the file in the place of its URL: where a system finds the
	// image that Spur exports to it.
	Told Export
}

// Root as File.Inside stands for the folder that an image's files are below. Its URL is
// one to which a slash and the path of any of them can be added.
const Root = "."

// IsRoot tells whether it stands for all files of an image, each by itself.
func (f File) IsRoot() bool { return f.Inside == Root && f.Packed == "" }

// keyMark stands in a key between a source and what is inside. No source has one.
const keyMark = "\x00"

// Key names the file in one string: its source, and what is inside of that. What a text says
// of it makes it no other file.
func (f File) Key() string {
	switch {
	case f.Packed != "":
		return f.Source + keyMark + f.Inside + keyMark + f.Packed
	case f.Inside != "":
		return f.Source + keyMark + f.Inside
	}
	return f.Source
}

// FileOf is the file that has a key.
func FileOf(key string) File {
	source, inside, _ := strings.Cut(key, keyMark)
	inside, packed, _ := strings.Cut(inside, keyMark)
	return File{Source: source, Inside: inside, Packed: packed}
}

// String names the file for people.
func (f File) String() string {
	if f.Inside == "" || f.Inside == Root {
		return f.Source
	}
	if inner, ok := strings.CutPrefix(f.Inside, EFIImage); ok {
		return inner + " in the boot image of " + f.Source
	}
	return f.Inside + " in " + f.Source
}

// SourceMost is the longest source in bytes. Web servers take no longer request
// lines (nginx's large_client_header_buffers and Apache's LimitRequestLine are
// 8 KiB), and paths end at 4 KiB (PATH_MAX).
const SourceMost = 8 << 10

// Check tells whether a source can be one. Whoever takes in sources asks it.
func (f File) Check() error {
	for _, name := range []string{f.Source, f.Inside, f.Packed} {
		if len(name) > SourceMost {
			return fmt.Errorf("%s… has %d bytes; a file's path or URL has %d at most", name[:60], len(name), SourceMost)
		}
		if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return fmt.Errorf("the name %q isn't UTF-8 or has control characters: no machine could ask for it", name)
		}
	}
	if f.Inside != "" && f.Inside != Root && path.Clean("/"+f.Inside) != "/"+f.Inside {
		return fmt.Errorf("%q is no path within an image", f.Inside)
	}
	return nil
}

// size is how many bytes the names have.
func (f File) size() int { return len(f.Source) + len(f.Inside) + len(f.Packed) }

// IsURL tells whether the file has to be fetched from elsewhere.
func (f File) IsURL() bool { return strings.Contains(f.Source, "://") }

// Base is the file's last path element, for names that people see. A URL's
// query is left out, and of a long one its end is taken, which has the
// extension: the name stands behind a sealed one in packets of TFTP.
func (f File) Base() string {
	name := f.Inside
	if f.Packed != "" {
		name = f.Packed + ".cpio"
	} else if name == "" || f.IsRoot() {
		name, _, _ = strings.Cut(f.Source, "?")
	}
	name = path.Base(strings.TrimRight(name, "/"))
	if name == "." || name == "/" || strings.HasSuffix(name, ":") {
		return "file"
	}
	if len(name) > baseMost {
		return strings.ToValidUTF8(name[len(name)-baseMost:], "_")
	}
	return name
}

// path is the whole path of the file, within an image from its root on.
func (f File) path() string {
	if f.Inside == "" {
		return f.Source
	}
	return "/" + f.Inside
}

// baseMost bounds Base, in bytes.
const baseMost = 100
