package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// rpiName is the file of its folder for which a Raspberry Pi asks. The bootloader
// looks first in a folder by its serial number or, by TFTP_PREFIX, its address, and
// takes that for its own if a start4.elf or a start.elf is there (documentation of
// TFTP_PREFIX). Over HTTP it asks for boot.img and boot.sig in the folder of HTTP_PATH.
func rpiName(c boot.Client, asked string) string {
	name := strings.TrimPrefix(path.Clean("/"+asked), "/")
	if base := path.Base(name); base == route.RPiImage || base == "boot.sig" {
		return base
	}
	first, rest, below := strings.Cut(name, "/")
	if below && (isSerial(first) || first == strings.ReplaceAll(c.MAC.String(), ":", "-")) {
		return rest
	}
	return name
}

// isSerial tells whether a folder's name is a serial number as bootloaders write it.
func isSerial(name string) bool {
	return len(name) == 8 && strings.Trim(name, "0123456789abcdef") == ""
}

// describeRPi is Describe for what a Raspberry Pi asks for.
func (t *Tree) describeRPi(c boot.Client, asked string) (Entry, bool) {
	name := rpiName(c, asked)
	role := route.RPiRole(name)
	if folder, ok := t.rpiFolder(c); ok && role == route.Extra && folder.IsKernel(inRPiFolder(folder, c, name)) {
		role = route.Kernel
	}
	return Entry{Client: c, Role: role, Name: name, Last: role == route.Kernel, Optional: !route.RPiNeeds(c, name)}, true
}

// rpiFolder is the folder that a Raspberry Pi boots from, where it isn't put together.
func (t *Tree) rpiFolder(c boot.Client) (boot.Folder, bool) {
	if t.Brings == nil {
		return boot.Folder{}, false
	}
	bringer, _ := t.Brings(c)
	folder, ok := bringer.(boot.Folder)
	return folder, ok
}

// inRPiFolder is the path of a file below a folder in which a Raspberry Pi's firmware
// may lie further down.
func inRPiFolder(folder boot.Folder, c boot.Client, name string) string {
	starter, _ := folder.Start(c)
	return path.Join(path.Dir(starter.Name), name)
}

// openInRPiFolder opens a file of a folder that a Raspberry Pi boots from: first as it
// is asked for, since a folder may be laid out by serial numbers.
func (t *Tree) openInRPiFolder(ctx context.Context, folder boot.Folder, c boot.Client, asked, name string) (fs.File, error) {
	if _, ok := folder.Start(c); !ok {
		return nil, missing(name, fmt.Errorf("the folder %s has nothing for a Raspberry Pi", folder.Title()))
	}
	for _, name := range []string{asked, inRPiFolder(folder, c, name)} {
		file, ok := folder.File(name)
		if !ok {
			continue
		}
		if f, err := t.Sources.Open(ctx, file); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, missing(name, errors.New("the folder has no such file"))
}

// openRPi opens what a Raspberry Pi asks for.
func (t *Tree) openRPi(ctx context.Context, n Name, asked string, a Asker) (fs.File, error) {
	payload, err := t.resolve(ctx, n.Client)
	if err != nil {
		return nil, err
	}
	c := n.Client
	c.Server = a.Server
	name := rpiName(c, asked)
	switch content := payload.Content.(type) {
	case boot.Linux:
		if why := route.Routes(c, payload, t.Host).Obstacle(c); why != "" {
			return nil, missing(name, errors.New(why))
		}
		return t.openRPiLinux(ctx, c, content, name, t.URLs(c, n.Route, payload, a))
	case boot.Folder:
		return t.openInRPiFolder(ctx, content, c, asked, name)
	}
	return nil, missing(name, fmt.Errorf("%s is nothing that a Raspberry Pi's bootloader starts", payload.Title()))
}

// openRPiLinux opens a file of the folder that is put together of a kernel, what goes
// with it, and a Raspberry Pi's firmware.
func (t *Tree) openRPiLinux(ctx context.Context, c boot.Client, l boot.Linux, name string, urls loader.URLs) (fs.File, error) {
	switch {
	case name == route.RPiConfig:
		return newGenerated(name, loader.RPiConfig(c, l)), nil
	case name == route.RPiCmdline:
		return newGenerated(name, loader.RPiCmdline(l, urls)), nil
	case name == route.RPiKernel:
		return t.Sources.Open(ctx, l.Kernel)
	case name == route.RPiInitrd:
		return t.joinedInitrds(ctx, l)
	case route.IsRPiFirmware(name):
		return t.openRPiFirmware(c, name)
	case route.IsRPiDeviceTree(name):
		return t.deviceTree(ctx, name, l)
	}
	return nil, missing(name, errors.New("it is no part of this boot"))
}

// openRPiFirmware opens a file of this host's firmware for Raspberry Pis, which lie
// together.
func (t *Tree) openRPiFirmware(c boot.Client, name string) (fs.File, error) {
	b, ok := t.Loaders.Find(route.RPiStarter, c)
	if !ok {
		return nil, missing(name, errors.New("this host has no firmware for Raspberry Pis"))
	}
	f, err := openLocal(filepath.Join(filepath.Dir(b.Path), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(name, errors.New("it doesn't lie beside "+b.Path))
	}
	return f, err
}
