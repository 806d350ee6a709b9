package disk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/size"
)

// Layer is one file of an image.
type Layer struct {
	File   string `json:"file"`
	Format Format `json:"format"`
	// VirtualSize is the disk's, Allocated the file's on its own disk, both in
	// bytes.
	VirtualSize int64 `json:"virtual_size"`
	Allocated   int64 `json:"allocated"`
	// Backing and BackingFormat are what the file says of its backing file.
	Backing       string `json:"backing,omitempty"`
	BackingFormat string `json:"backing_format,omitempty"`

	// Lost is why what was written to the file last and not flushed may be
	// missing, where it isn't in use.
	Lost string `json:"lost,omitempty"`
	// Advice is what to do about that.
	Advice string `json:"advice,omitempty"`

	unclosed, unplayed bool
}

// Info is what is known of an image.
type Info struct {
	Layer
	// Unclosed is that the program that wrote to the image last didn't close it.
	// InUse is that one writes to it now.
	Unclosed bool `json:"unclosed,omitempty"`
	InUse    bool `json:"in_use,omitempty"`
	// Chain are its backing files, the nearest first.
	Chain []Layer `json:"chain,omitempty"`
	// Broken says why the chain goes on but isn't followed, and Remedy what to do.
	Broken string `json:"broken,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

// mostLayers is how long a chain is followed.
const mostLayers = 64

// Describe looks at an image and its backing files. Other programs may have
// them open.
func Describe(ctx context.Context, name string, o Options) (Info, error) {
	layer, ref, err := describe(ctx, name, o.Format)
	if err != nil {
		return Info{}, advise(name, err)
	}
	info := Info{Layer: layer, Unclosed: layer.unclosed, InUse: inUse(name)}
	b := &backings{image: name, allow: o.Allow}
	seen := []string{}
	for parent := ""; ref.Name != ""; {
		ref.From = parent
		path, err := resolve(name, ref)
		if err == nil {
			err = b.permit(ref, path)
		}
		if err == nil && (slices.Contains(seen, path) || len(seen) == mostLayers) {
			err = errors.New("the chain is a loop")
		}
		if err == nil && ref.Format == "" {
			err = errors.New("its format isn't named")
		}
		if err == nil {
			layer, ref, err = describe(ctx, path, ref.Format)
		}
		if err != nil {
			info.Broken, info.Remedy = shorten(err.Error()), advice.Of(err)
			return info, nil // what is known of the image is told all the same
		}
		seen, parent = append(seen, path), path
		info.Chain = append(info.Chain, layer)
	}
	return info, nil
}

// describe looks at one file, without its backing file.
func describe(ctx context.Context, name string, format Format) (Layer, diskimage.Reference, error) {
	var ref diskimage.Reference
	if err := isFile(name); err != nil {
		return Layer{}, ref, err
	}
	file, err := block.OpenFile(name, block.FileOptions{ReadOnly: true, Shared: true})
	if err != nil {
		return Layer{}, ref, err
	}
	d, err := open(ctx, file, Options{ReadOnly: true, Format: format, lossy: true, shared: true, alone: true}, (&backings{image: name}).open)
	if err != nil {
		file.Close()
		return Layer{}, ref, err
	}
	defer d.Close()
	for _, ref = range d.below {
		if _, err := resolve(name, ref); err == nil {
			break
		}
	}
	layer := Layer{File: name, Format: d.Format, VirtualSize: d.Size(), Backing: ref.Name, BackingFormat: ref.Format.QEMU(), unclosed: d.Unclosed && !inUse(name)}
	layer.unplayed = errors.Is(d.Lost, qcow2.ErrUnplayed)
	if layer.unclosed && d.Lost != nil && !layer.unplayed {
		layer.Lost, layer.Advice = d.Lost.Error(), forLost(name, d.Lost)
	}
	if st, err := os.Stat(name); err == nil {
		if sys, ok := st.Sys().(*syscall.Stat_t); ok {
			layer.Allocated = sys.Blocks * 512 // stat(2)
		}
	}
	return layer, ref, nil
}

// unclosedText says of a file that wasn't closed what becomes of it.
func (l *Layer) unclosedText() string {
	text := "not closed by the program that wrote to it last"
	switch {
	case l.Lost != "":
		return fmt.Sprintf("%s; what was written last and not flushed may be missing:\n           %s;\n           %s\n", text, l.Lost, l.Advice)
	case l.unplayed:
		text += ", and its journal has writes that it doesn't:\n           leave that beside it; the next spur disk serve, or spur disk check --repair, brings them into it\n"
	default:
		text += ": the next spur disk serve, or spur disk check --repair,\n           makes its reference counts anew; no data is at risk\n"
	}
	return text
}

// inUse says whether another program writes to a file.
func inUse(name string) bool {
	file, err := block.OpenFile(name, block.FileOptions{ReadOnly: true})
	if err == nil {
		file.Close()
	}
	return errors.Is(err, block.ErrLocked)
}

// WriteJSON writes it as one object.
func (i Info) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(i)
}

// WriteText writes it for people.
func (i Info) WriteText(w io.Writer) error {
	text := fmt.Sprintf("file       %s\nformat     %s\nsize       %s (%d bytes)\nallocated  %s\n",
		i.File, i.Format, size.Format(i.VirtualSize), i.VirtualSize, size.Format(i.Allocated))
	switch {
	case i.InUse:
		text += "state      another program writes to it\n"
	case i.Unclosed:
		text += "state      " + i.unclosedText()
	}
	for _, l := range i.Chain {
		text += fmt.Sprintf("over       %s (%s, %s, %s allocated)\n", l.File, l.Format, size.Format(l.VirtualSize), size.Format(l.Allocated))
		if l.unclosed {
			text += "           " + l.unclosedText()
		}
	}
	if i.Broken != "" {
		last := i.Layer
		if n := len(i.Chain); n > 0 {
			last = i.Chain[n-1]
		}
		text += fmt.Sprintf("over       %s, which can't be followed: %s\n", last.Backing, i.Broken)
		if i.Remedy != "" {
			text += "           " + i.Remedy + "\n"
		}
	}
	_, err := io.WriteString(w, printable.Text(text))
	return err
}
