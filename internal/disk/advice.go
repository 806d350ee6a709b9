package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/httpblock"
	"github.com/spurboot/spur/block/imagemap"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/size"
)

// advise says what to do about an error of an image.
func advise(name string, err error) error {
	if isPathOf(name, err) && errors.Is(err, fs.ErrNotExist) {
		return noFile(name, err)
	}
	whatToDo := advice.Of(err)
	if whatToDo == "" {
		whatToDo = adviceFor(name, err)
	}
	text := err.Error()
	if !strings.Contains(text, name) {
		text = name + ": " + text
	}
	return advice.Wrap(reworded{err, shorten(text)}, whatToDo)
}

// adviseOpen is advise for a file that the system didn't open.
func adviseOpen(name string, readOnly bool, err error) error {
	switch {
	case readOnly || !isPathOf(name, err):
	case errors.Is(err, unix.EROFS):
		return advice.Wrap(err, "mount its file system for writing")
	case errors.Is(err, fs.ErrPermission):
		return advice.Wrap(err, "run as a user who may write to it")
	}
	return advise(name, err)
}

// reworded is an error in other words.
type reworded struct {
	error
	text string
}

func (r reworded) Error() string { return r.text }
func (r reworded) Unwrap() error { return r.error }

// longest is how much is said of one error, in bytes: the names in an image, and
// in the chain of images that lie below it, can be of any length.
const longest = 800

// shorten leaves out the middle of a text that is too long.
func shorten(text string) string {
	if len(text) <= longest {
		return text
	}
	head, tail := longest/2, len(text)-longest/2
	for head > 0 && !utf8.RuneStart(text[head]) {
		head--
	}
	for tail < len(text) && !utf8.RuneStart(text[tail]) {
		tail++
	}
	return text[:head] + " … " + text[tail:]
}

// isPathOf says whether an error is the system's about this file.
func isPathOf(name string, err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && path.Path == name
}

// noFile says that there is none.
func noFile(name string, err error) error {
	if strings.Contains(name, "://") {
		return advice.Wrap(reworded{err, shorten(name) + " is a URL, which isn't taken here"}, "of URLs only http and https are read, and only by spur disk convert and spur disk serve --read-only; download it")
	}
	return advice.Wrap(reworded{err, "there is no file " + shorten(name)}, "check the name")
}

// adviceFor is what to do about an error that says nothing of it itself.
func adviceFor(name string, err error) string {
	var unreadable diskimage.UnreadableError
	switch {
	case errors.As(err, &unreadable):
		return fmt.Sprintf("convert it: qemu-img convert -f %s -O qcow2 IMAGE NEW; or, if it is a raw disk all the same, %s", unreadable.Format.QEMU(), sayRaw)
	case errors.Is(err, errCompressed):
		return "unpack it first, with gunzip, bunzip2, unxz or unzstd; or, if it is a raw disk all the same, " + sayRaw
	case errors.As(err, new(diskimage.UnwritableError)):
		return "copy it into one that can be written: spur disk convert " + name + " NEW.qcow2"
	case errors.Is(err, fs.ErrPermission):
		return "run as a user who may read it"
	case errors.Is(err, block.ErrLocked):
		return "stop the program that has it open (fuser " + name + " tells which), or let both only read it"
	case errors.Is(err, imagemap.ErrOtherParent):
		return "put the parent back as it was; what the image has makes no sense over another"
	case errors.Is(err, block.ErrNoSpace):
		return "make room where the image is, and try again; nothing that was written is lost"
	case errors.Is(err, httpblock.ErrChanged):
		return "try again once nobody writes to it"
	case errors.Is(err, qcow2.ErrUnplayed):
		return "spur disk check --repair brings them into the image that the journal belongs to"
	case errors.Is(err, qcow2.ErrNoJournal), errors.Is(err, qcow2.ErrOtherSession):
		return forLost(name, err)
	case errors.Is(err, qcow2.ErrMarked):
		return "copy what can be read: spur disk convert " + name + " NEW; or repair it: qemu-img check -r all " + name
	case errors.Is(err, qcow2.ErrCorrupt):
		return "restore it from a copy, or try to repair one: qemu-img check -r all " + name + "; or, if it is a raw disk that only looks like an image, " + sayRaw
	case errors.Is(err, imagemap.ErrDamaged):
		return "restore it from a copy; or, if it is a raw disk that only looks like an image, " + sayRaw
	case errors.Is(err, qcow2.ErrFormat) && strings.Contains(err.Error(), "backing file"):
		return "tell the image which format its backing file has: qemu-img rebase -u -F FORMAT -b FILE IMAGE"
	case errors.Is(err, qcow2.ErrFormat):
		return "check the name; without a format given, Spur looks which it is"
	case errors.Is(err, qcow2.ErrEncrypted):
		return fmt.Sprintf("decrypt it with its password in a file: qemu-img convert -O qcow2 --object secret,id=s,file=PASSWORD --image-opts driver=qcow2,file.filename=%s,encrypt.key-secret=s NEW", name)
	case errors.Is(err, qcow2.ErrUnsupported), errors.Is(err, errors.ErrUnsupported):
		return "copy it into an image that has nothing of the kind: qemu-img convert -O qcow2 " + name + " NEW"
	case errors.Is(err, unix.EIO):
		return "its storage fails: dmesg tells more"
	case isPathOf(name, err):
		return "check the name"
	}
	return "check that it is the image that was meant; spur disk info and spur disk check tell what it is"
}

// forLost is what to do about an image that wasn't closed and may lack what was
// written last.
func forLost(name string, lost error) string {
	switch {
	case advice.Of(lost) != "":
		return advice.Of(lost)
	case isURL(name):
		return "download it together with its journal, and convert it here"
	case errors.Is(lost, qcow2.ErrNoJournal), errors.Is(lost, qcow2.ErrOtherSession):
		return "put the image's journal back beside it first, IMAGE.journal; only if that is gone for good, spur disk check --repair IMAGE goes on without it"
	}
	return "spur disk check --repair puts its reference counts right; what is missing can't be brought back"
}

// adviseURL says what to do about an error of a web server.
func adviseURL(address string, err error) error {
	err = advice.InWords(err)
	text := err.Error()
	var gone httpblock.GoneError
	remedy := "see what the server answers: curl -v -r 0-511 " + address
	switch {
	case errors.Is(err, httpblock.ErrNoValidator):
		remedy = "copy it to a file first, which reads it once: spur disk convert " + address + " FILE"
	case errors.Is(err, httpblock.ErrNoRanges):
		remedy = "download it, and use the file"
	case errors.Is(err, httpblock.ErrChanged):
		remedy = "try again once nobody writes to it"
	case !hasHost(address):
		remedy = "check the address, which is http://HOST/PATH or https://HOST/PATH"
	case errors.As(err, &gone):
		text = fmt.Sprintf("there is no file %s (the server says %d %s)", address, gone.Status, http.StatusText(gone.Status))
		remedy = "check the path in the URL"
	case advice.Of(err) != "":
		remedy = advice.Of(err)
	}
	if !strings.Contains(text, address) {
		text = address + ": " + text
	}
	return advice.Wrap(reworded{err, shorten(text)}, remedy)
}

func hasHost(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != ""
}

// adviseNew says what to do about a file that can't be made.
func adviseNew(name string, err error) error {
	var large qcow2.TooLargeError
	folder := filepath.Dir(name)
	_, absent := os.Stat(folder)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return advice.Wrap(reworded{err, name + " exists"}, "it is left as it is; name another file, or remove it")
	case errors.As(err, &large):
		return advice.Wrap(reworded{err, fmt.Sprintf("%s can't be made: a qcow2 image has no room for a disk of %s", name, size.Format(large.Size))},
			"give a smaller size; the largest is "+size.Format(large.Largest))
	case errors.Is(err, unix.EFBIG):
		return advice.Wrap(reworded{err, name + ": its file system has no files of that size"}, "give a smaller size, or make a qcow2 image, which takes space as it is written to")
	case errors.Is(err, block.ErrNoSpace), errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return advice.Wrap(err, "make room where "+name+" is to be; what there was of it is removed")
	case errors.Is(err, fs.ErrNotExist) && errors.Is(absent, fs.ErrNotExist):
		return advice.Wrap(reworded{err, fmt.Sprintf("%s can't be made: there is no folder %s", name, folder)}, "make it (mkdir -p "+folder+"), or check the name")
	case errors.Is(err, unix.ENOTDIR):
		return advice.Wrap(reworded{err, fmt.Sprintf("%s can't be made: %s is no folder", name, folder)}, "check the name")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EROFS):
		return advice.Wrap(err, "name a file in a folder that you may write to")
	}
	return advice.Wrap(fmt.Errorf("%s can't be made: %w", name, err), "name another file; nothing is left of this one")
}

// AdviceOnWrite is what to do about an error of a disk that is served, "" if it
// says that itself.
func AdviceOnWrite(err error) string {
	switch {
	case errors.Is(err, block.ErrNoSpace):
		return "make room where the image is; what was refused wasn't written"
	case errors.Is(err, qcow2.ErrMarked):
		return "nothing is written to the image any more; copy what can be read by spur disk convert, or repair it by qemu-img check -r all"
	case errors.As(err, new(diskimage.DisguiseError)):
		return "--format raw lets it be written"
	}
	return ""
}
