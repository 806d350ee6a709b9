package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/fat"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// xenOf is the Xen that a client boots.
func (t *Tree) xenOf(ctx context.Context, c boot.Client, r route.Route, a Asker) (boot.Xen, loader.URLs, error) {
	payload, err := t.resolve(ctx, c)
	if err != nil {
		return boot.Xen{}, loader.URLs{}, err
	}
	xen, ok := payload.Content.(boot.Xen)
	if !ok {
		return xen, loader.URLs{}, missing(r.Give, fmt.Errorf("%s is no Xen for UEFI", payload.Title()))
	}
	return xen, t.URLs(c, r, payload, a), nil
}

// xenConfig is the configuration that a client's Xen reads.
func (t *Tree) xenConfig(ctx context.Context, c boot.Client, r route.Route, a Asker) (fs.File, error) {
	xen, urls, err := t.xenOf(ctx, c, r, a)
	if err != nil {
		return nil, err
	}
	return newGenerated(route.XenConfig, loader.XenConfig(xen, urls)), nil
}

// xenDisk is a disk with a client's Xen, its configuration and what that names, put together
// while it is read. Firmware starts Xen by the name under which it looks for a program on
// such a disk (UEFI 2.10 section 3.5.1.1), and Xen finds the rest beside itself.
func (t *Tree) xenDisk(ctx context.Context, c boot.Client, r route.Route, a Asker) (fs.File, error) {
	xen, urls, err := t.xenOf(ctx, c, r, a)
	if err != nil {
		return nil, err
	}
	program := map[boot.Arch]string{boot.X64: "BOOTX64", boot.ARM64: "BOOTAA64"}[xen.Arch]
	names, files := []string{program + ".EFI"}, parts{}
	if err := files.openBy(ctx, t.openSigned, xen.Program); err != nil {
		return nil, err
	}
	for _, f := range xen.Beside() {
		names = append(names, strings.ToUpper(f.Key))
		if err := files.openBy(ctx, t.Sources.Open, f.File); err != nil {
			return nil, errors.Join(err, files.close())
		}
	}
	names, files = append(names, program+".CFG"), append(files, Bytes([]byte(loader.XenConfig(xen, urls))))
	disk, err := files.onDisk(names)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s can't be put onto a disk with its modules: %w", xen.Title(), err), files.close())
	}
	return disk, nil
}

// xenAsDisk is a Xen as the disk that Spur's RAM-disk program is told of, whose size it must
// know; any other payload is what it is.
func (t *Tree) xenAsDisk(ctx context.Context, c boot.Client, r route.Route, p boot.Payload, a Asker) (boot.Payload, error) {
	if p.Kind() != boot.KindXen || r.Loader != boot.RAMDisk {
		return p, nil
	}
	disk, err := t.xenDisk(ctx, c, r, a)
	if err != nil {
		return p, err
	}
	info, err := disk.Stat()
	p.Content = boot.Disk{Image: boot.File{Source: "/" + route.XenDisk}, Layout: boot.LayoutFAT, Bytes: info.Size(), EFI: []boot.DiskProgram{{Arch: c.Arch}}}
	return p, errors.Join(err, disk.Close())
}

// onDisk puts files by their names into the folder in which firmware looks for a program.
func (p parts) onDisk(names []string) (*Composite, error) {
	var contents []fat.Content
	for i, f := range p {
		contents = append(contents, fat.Content{Name: names[i], Size: f.size})
	}
	laid, err := fat.Layout("EFI/BOOT", contents)
	if err != nil {
		return nil, err
	}
	var all []Section
	for _, part := range laid.Parts {
		switch {
		case part.File >= 0:
			all = append(all, p[part.File])
		case part.Bytes != nil:
			all = append(all, Bytes(part.Bytes))
		default:
			all = append(all, Zeros(part.Size))
		}
	}
	return NewComposite(route.XenDisk, all...), nil
}
