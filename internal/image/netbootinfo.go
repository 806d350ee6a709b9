package image

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"howett.net/plist"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
)

// netBootInfoMost bounds that file. Apple's have some KiB.
const netBootInfoMost = 256 << 10

// netBootDescription is an NBImageInfo.plist (NetBootImageInfo.h of Apple's bootp).
type netBootDescription map[string]any

// readNetBootInfo reads a property list, in XML or binary. System Image Utility writes
// XML; the old text form, whose reader takes seconds and gigabytes for a hostile file, is
// none of the two.
func readNetBootInfo(text []byte) (netBootDescription, error) {
	hint := "look at it with plutil -lint or plistutil; property lists are XML or binary, and plutil -convert xml1 makes XML of others"
	var err error
	switch {
	case len(text) == 0:
		return nil, &Mismatch{Looks: "empty", Hint: hint}
	case bytes.HasPrefix(text, binaryPlistMagic):
		err = tangled(text)
	case isXMLPlist(text):
		err = overgrown(text)
	default:
		return nil, &Mismatch{Looks: "neither XML with a plist in it nor binary", Hint: hint}
	}
	var value any
	if err == nil {
		value, err = decodePlist(text)
	}
	if err != nil {
		return nil, &Mismatch{Looks: "damaged (" + plainly(err) + ")", Hint: hint}
	}
	info, ok := value.(map[string]any)
	if !ok {
		return nil, &Mismatch{Looks: "a list of something else", Hint: hint}
	}
	return info, nil
}

// plainly says what is wrong with a property list without the words of the program.
func plainly(err error) string {
	text := strings.TrimPrefix(err.Error(), "plist: ")
	if before, wrong, ok := strings.Cut(text, "strconv."); ok {
		_, wrong, _ = strings.Cut(wrong, ": parsing ")
		number, _, _ := strings.Cut(wrong, ": ")
		return before + number + " is no number"
	}
	return text
}

// decodePlist reads a property list. Its reader panics on sizes that add up to more than
// an integer has.
func decodePlist(text []byte) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its reader gives up: %v", p)
		}
	}()
	_, err = plist.Unmarshal(text, &value)
	return value, err
}

// text is an entry that is one.
func (d netBootDescription) text(key string) string {
	s, _ := d[key].(string)
	return s
}

// flag is an entry that is true or false.
func (d netBootDescription) flag(key string, otherwise bool) bool {
	if b, ok := d[key].(bool); ok {
		return b
	}
	return otherwise
}

// number is an entry that is one, from 0 to most.
func (d netBootDescription) number(key string, most uint64) (uint64, bool) {
	switch n := d[key].(type) {
	case uint64:
		return n, n <= most
	case int64:
		return uint64(n), n >= 0 && uint64(n) <= most
	}
	return 0, false
}

// texts is an entry that is a list of them.
func (d netBootDescription) texts(key string) ([]string, error) {
	value, there := d[key]
	list, ok := value.([]any)
	if there && !ok {
		return nil, fmt.Errorf("%s is no list", key)
	}
	var all []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("%s has something else than text", key)
		}
		all = append(all, s)
	}
	return all, nil
}

// macs is an entry that is a list of Ethernet addresses.
func (d netBootDescription) macs(key string) ([]boot.MAC, error) {
	list, err := d.texts(key)
	if err != nil {
		return nil, err
	}
	var all []boot.MAC
	for _, text := range list {
		mac, err := boot.ParseMAC(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		all = append(all, mac)
	}
	return all, nil
}

// The types of images, and their kinds (bsdp.h).
const (
	typeNFS, typeHTTP, typeBootFile, typeClassic = "NFS", "HTTP", "BootFileOnly", "Classic"

	systemOSX, systemDiagnostics, systemMost = 1, 3, 0x7f
)

// image is what a description says of an image, without what lies in its folder
// (NBImageEntry_create of nbimages.c).
func (d netBootDescription) image() (image boot.NetBootImage, err error) {
	image = boot.NetBootImage{
		Name: d.text("Name"), Description: d.text("Description"),
		Install: d.flag("IsInstall", false), Default: d.flag("IsDefault", false),
	}
	index, ok := d.number("Index", 0xffff)
	image.Index = uint16(index)
	kind := d.text("Type")
	system, hasSystem := d.number("Kind", systemMost)
	switch {
	case image.Name == "":
		return image, errors.New("the key Name is missing")
	case !ok || index == 0:
		return image, errors.New("the key Index is no number from 1 to 65535")
	case kind == typeClassic:
		return image, errors.New("the key Type is Classic, Mac OS 9, whose system comes over AFP, which Spur doesn't serve")
	case kind != typeNFS && kind != typeHTTP && kind != typeBootFile:
		return image, fmt.Errorf("the key Type is %q, and neither HTTP nor NFS nor BootFileOnly", kind)
	case !hasSystem && kind == typeBootFile:
		return image, errors.New("the key Kind is missing")
	case !hasSystem:
		system = systemOSX
	}
	image.System = uint8(system)
	image.FilterOnly = d.flag("FilterOnly", system == systemDiagnostics)
	if image.Models, err = d.texts("EnabledSystemIdentifiers"); err != nil {
		return image, err
	}
	if image.Enabled, err = d.macs("EnabledMACAddresses"); err != nil {
		return image, err
	}
	image.Disabled, err = d.macs("DisabledMACAddresses")
	return image, err
}

// findBooters finds an image's booters: one below the folder of each architecture; for
// PowerPC also in the image's folder itself. A description from before there were
// several says none, and has what there is.
func (d netBootDescription) findBooters(image *boot.NetBootImage) error {
	named, err := d.texts("Architectures")
	if err != nil {
		return describeBadInfo(image.Dir, err)
	}
	file := d.text("BootFile")
	if file == "" || !filepath.IsLocal(file) {
		return describeBadInfo(image.Dir, errors.New("BootFile names no file"))
	}
	archs := named
	if len(archs) == 0 {
		archs = []string{boot.NetBootPPC, boot.NetBootI386}
	}
	for _, arch := range archs {
		name := filepath.Join(arch, file)
		if !filepath.IsLocal(arch) || !isBelow(image.Dir, name) && arch == boot.NetBootPPC {
			name = file
		}
		switch {
		case isBelow(image.Dir, name):
			image.Booters = append(image.Booters, boot.Booter{Arch: arch, File: boot.File{Source: filepath.Join(image.Dir, name)}})
		case len(named) > 0:
			return advice.New(fmt.Sprintf("%s: its booter %s for %s isn't there", image.Dir, filepath.Join(arch, file), arch),
				"copy the whole folder again, with files in the place of links that lead out of it, or correct Architectures and BootFile in "+netBootInfo)
		}
	}
	if len(image.Booters) == 0 {
		return advice.New(fmt.Sprintf("%s: its booter %s isn't there", image.Dir, file), "copy the whole folder again, with files in the place of links that lead out of it, or correct BootFile in "+netBootInfo)
	}
	return nil
}

// findRoot finds where an image's system is: in a file of the folder, which is served,
// or where its description says (parse_nfs_path and parse_http_path of nbimages.c).
func (d netBootDescription) findRoot(image *boot.NetBootImage) (warning string, err error) {
	kind, root := d.text("Type"), d.text("RootPath")
	if kind == typeBootFile {
		return "", nil
	}
	switch {
	case root == "":
		return "", describeBadInfo(image.Dir, errors.New("RootPath is missing"))
	case isBelow(image.Dir, root):
		image.Root = boot.File{Source: filepath.Join(image.Dir, root)}
		if kind == typeNFS {
			warning = "its root image is told as a URL, though the image is made for NFS, which Spur doesn't serve: Mac OS X before 10.3 needs --root-path nfs:ADDRESS:EXPORT:IMAGE"
		}
		return warning, nil
	case kind == typeHTTP && strings.HasPrefix(root, "http://"):
		image.RootPath = root
		return "", nil
	case kind == typeNFS && strings.Contains(root, ":"):
		image.RootPath = "nfs:" + root
		return "", addressedRoot(image.Dir, root)
	}
	return "", advice.New(fmt.Sprintf("%s: its root image %s isn't there", image.Dir, root), "copy the whole folder again, with files in the place of links that lead out of it, or name the image with --root-path")
}

// addressedRoot says what is wrong with the server of a root on NFS: the kernel, which
// has no name servers, takes an address alone (parse_netboot_path in xnu's netboot.c).
func addressedRoot(dir, root string) error {
	server, _, _ := strings.Cut(root, ":")
	if _, err := netip.ParseAddr(server); err != nil {
		return advice.New(fmt.Sprintf("%s: RootPath names its server %s, of which a Mac needs the address", dir, server),
			"write the address into "+netBootInfo+", or name the image with --root-path nfs:ADDRESS:EXPORT:IMAGE")
	}
	return nil
}

// isBelow tells whether a regular file is below a folder. Links count where they stay in
// it: an image that somebody else made must not have other files of this host served.
func isBelow(dir, name string) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer root.Close()
	info, err := root.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
