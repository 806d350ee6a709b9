package tree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/efi/pefile"
	"github.com/spurboot/spur/internal/efi/uki"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/route"
)

// uki is a unified kernel image, put together while it is read: systemd's stub of
// the client's architecture, the command line, the initrds and the kernel.
func (t *Tree) uki(ctx context.Context, c boot.Client, l boot.Linux, urls loader.URLs) (*Composite, error) {
	stub, err := t.stub(c)
	if err != nil {
		return nil, err
	}
	var parts parts
	err = parts.open(ctx, t.Sources, l.Initrds)
	if err == nil {
		err = parts.openBy(ctx, func(ctx context.Context, _ boot.File) (fs.File, error) { return t.openKernel(ctx, l) }, l.Kernel)
	}
	if err != nil {
		return nil, errors.Join(err, parts.close())
	}
	file, err := parts.assemble(stub, l, l.Cmdline.Expand(urls.File, urls.Beacon))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s can't be made one EFI application: %w", l.Title(), err), parts.close())
	}
	return file, nil
}

// openKernel opens a kernel as loaders start it: one in a gzip file unpacked.
func (t *Tree) openKernel(ctx context.Context, l boot.Linux) (fs.File, error) {
	if l.Abilities.Compression != "" {
		return t.openUnpacked(ctx, l.Kernel)
	}
	return t.Sources.Open(ctx, l.Kernel)
}

// stub is systemd's stub for a client.
func (t *Tree) stub(c boot.Client) (*uki.Stub, error) {
	b, ok := t.Loaders.Stub(c)
	if !ok {
		return nil, missing(route.EFIProgram, fmt.Errorf("this host has no stub for %s", c.Platform()))
	}
	f, err := openProgram(b)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	stub, err := uki.OpenStub(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.File, err)
	}
	return stub, nil
}

// parts are the files of a unified kernel image: initrds in their order, and the
// kernel as the last.
type parts []Section

func (p *parts) open(ctx context.Context, from Sources, files []boot.File) error {
	for _, source := range files {
		if err := p.openBy(ctx, from.Open, source); err != nil {
			return err
		}
	}
	return nil
}

// openBy adds all of a file, as something opens it.
func (p *parts) openBy(ctx context.Context, open func(context.Context, boot.File) (fs.File, error), source boot.File) error {
	f, err := open(ctx, source)
	if err != nil {
		return err
	}
	section, err := Whole(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	section.origin += source.Key()
	*p = append(*p, section)
	return nil
}

func (p parts) close() error { return NewComposite("", p...).Close() }

// assemble puts the image together.
func (p parts) assemble(stub *uki.Stub, l boot.Linux, cmdline string) (*Composite, error) {
	initrds, kernel := p[:len(p)-1], p[len(p)-1]
	program, err := pefile.Read(kernel.content, kernel.size)
	if err != nil {
		return nil, fmt.Errorf("it is no EFI application itself: %w", err)
	}
	wanted := []uki.Part{{Section: ".osrel", Contents: []uki.Content{uki.Text(osRelease(l))}}}
	if cmdline != "" {
		wanted = append(wanted, uki.Part{Section: ".cmdline", Contents: []uki.Content{uki.Text(cmdline)}})
	}
	// The contents that lie in files, in the order in which they are placed.
	if len(initrds) > 0 {
		wanted = append(wanted, uki.Part{Section: ".initrd", Contents: contents(initrds)})
	}
	wanted = append(wanted, uki.Part{Section: ".linux", Contents: contents(p[len(p)-1:]), Memory: int64(program.SizeOfImage)})
	image, err := stub.Layout(wanted...)
	if err != nil {
		return nil, err
	}
	return p.place(image), nil
}

func contents(files []Section) []uki.Content {
	var all []uki.Content
	for _, f := range files {
		all = append(all, uki.Content{Size: f.size})
	}
	return all
}

// place makes sections of the pieces of an image, whose external contents come in
// the order of the parts.
func (p parts) place(image *uki.Image) *Composite {
	var all []Section
	next := 0
	for _, piece := range image.Pieces {
		switch piece.Kind {
		case uki.Memory:
			all = append(all, Bytes(piece.Bytes))
		case uki.Zeros:
			all = append(all, Zeros(piece.Size))
		case uki.External:
			all = append(all, p[next])
			next++
		}
	}
	return NewComposite(route.EFIProgram, all...)
}

// osRelease says what the image is, in the form of os-release(5).
func osRelease(l boot.Linux) string {
	return fmt.Sprintf("ID=spur\nPRETTY_NAME=%q\n", l.Title())
}
