package disk

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spurboot/spur/block/diskimage"
	"github.com/spurboot/spur/block/qcow2"
	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/printable"
	"github.com/spurboot/spur/internal/size"
)

// Check looks whether an image is sound, and writes what it found. With repair
// an image that wasn't closed is put right, and what is leaked given back. An
// error says what is wrong, still.
func Check(ctx context.Context, name string, format Format, repair bool, out io.Writer) error {
	err := check(ctx, name, format, repair, out)
	if errors.Is(err, context.Canceled) {
		return advice.New("check "+name+": interrupted", startAgain)
	}
	return err
}

func check(ctx context.Context, name string, format Format, repair bool, out io.Writer) error {
	file, err := openFile(name, !repair)
	if err != nil {
		return err
	}
	d, err := open(ctx, file, Options{ReadOnly: !repair, Format: format, lossy: !repair, alone: true}, (&backings{image: name}).open)
	if err != nil {
		file.Close()
		return advise(name, err)
	}
	defer d.Close()
	image, ok := d.Device.(*qcow2.Image)
	if !ok {
		return checkOther(name, d.Format, out)
	}
	if repair && image.Unclosed() {
		if err := tellReopened(name, d, out); err != nil {
			return err
		}
	}
	if !repair && errors.Is(d.Lost, qcow2.ErrUnplayed) {
		return advise(name, d.Lost)
	}
	report, err := image.Check(ctx, repair)
	if err != nil {
		return advise(name, err)
	}
	return judge(name, report, d.Lost, out)
}

// tellReopened says what was done for an image that wasn't closed.
func tellReopened(name string, d *Disk, out io.Writer) error {
	text := name + ": it wasn't closed; its reference counts were made anew"
	if d.Recovered > 0 {
		text += fmt.Sprintf(", and %s brought back from its journal", size.Count(d.Recovered, "cluster"))
	}
	if d.Lost != nil {
		text += fmt.Sprintf("; what was written last and not flushed may be missing: %v", d.Lost)
	}
	_, err := io.WriteString(out, printable.Text(text+"\n"))
	return err
}

// checkOther is for formats that count nothing.
func checkOther(name string, format Format, out io.Writer) error {
	text := "%s is raw: every content of it is a disk.\n"
	if format != diskimage.Raw {
		text = "%s: its headers and tables are sound, as far as they are read to open it; it has no counts to check.\n"
	}
	_, err := fmt.Fprintf(out, text, printable.Line(name))
	return err
}

// judge writes a report, and makes an error of what is wrong. lost is why
// something may be missing in an image that isn't closed.
func judge(name string, r qcow2.Report, lost error, out io.Writer) error {
	text := fmt.Sprintf("%s: %s in use, %d of them compressed\n", name, size.Count(r.Allocated, "cluster"), r.Compressed)
	for _, line := range r.Details {
		text += "  " + line + "\n"
	}
	if r.Repaired > 0 {
		text += fmt.Sprintf("%s given back\n", size.Count(r.Repaired, "leaked cluster"))
	}
	if _, err := io.WriteString(out, printable.Text(text)); err != nil {
		return err
	}
	switch leaks := r.Leaks - r.Repaired; {
	case r.Errors > 0:
		return advice.New(fmt.Sprintf("%s is corrupt: %s", name, size.Count(r.Errors, "error")),
			"don't write to it; copy what can be read with spur disk convert, or restore it from a copy")
	case r.Marked:
		return advice.New(name+" is marked as corrupt: a write would have destroyed one of its tables",
			"qemu-img check -r all "+name+" puts right what can be, and takes the mark away; copy it before")
	case r.Unclosed && lost != nil:
		return advice.New(fmt.Sprintf("%s wasn't closed by the program that wrote to it last, and what was written last and not flushed may be missing: %v", name, lost),
			forLost(name, lost))
	case r.Unclosed:
		return advice.New(name+" wasn't closed by the program that wrote to it last; its reference counts are behind, no data is at risk",
			"spur disk check --repair puts them right, and so does spur disk serve")
	case leaks > 0:
		return advice.New(fmt.Sprintf("%s wastes space: %s, no data is at risk", name, size.Count(leaks, "leaked cluster")),
			"spur disk check --repair gives them back")
	}
	return nil
}
