package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/nbi"
	"github.com/spurboot/spur/internal/route"
)

// openTagged opens a tagged image as a kernel for a BIOS: what starts it, and the file of
// the image, which is never copied.
func (t *Tree) openTagged(ctx context.Context, f boot.File, mac boot.MAC, a Asker) (fs.File, error) {
	program, err := t.nbiStarter()
	if err != nil {
		return nil, err
	}
	var parts parts
	if err := parts.open(ctx, t.Sources, []boot.File{f}); err != nil {
		return nil, err
	}
	file := parts[0]
	starter, err := starterOf(program, file, nbi.Record{Client: a.Peer.Unmap(), Server: a.Server.Unmap(), Hardware: mac[:]})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s can't be started: %w", f.Base(), err), parts.close())
	}
	return NewComposite(f.Base(), Bytes(starter), file), nil
}

// starterOf is what starts the image in a file.
func starterOf(program []byte, file Section, r nbi.Record) ([]byte, error) {
	image, err := nbi.Read(file.content, file.size)
	if err != nil {
		return nil, err
	}
	return image.Starter(program, r)
}

// nbiStarter is Spur's starter of tagged images as it was built.
func (t *Tree) nbiStarter() ([]byte, error) {
	b, ok := t.Loaders.Find(route.NBIStarterFile, boot.Client{Firmware: boot.BIOS, Arch: boot.X86})
	if !ok {
		return nil, missing(route.NBIStarterFile, errors.New("this host has none"))
	}
	f, err := openProgram(b)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(f)
	return content, errors.Join(err, f.Close())
}
