package medium

import (
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/bootconfig"
	"github.com/spurboot/spur/internal/family"
	"github.com/spurboot/spur/internal/image"
)

// Description is what was found in an image, for people and for JSON.
type Description struct {
	Path     string   `json:"path"`
	Size     int64    `json:"bytes"`
	Label    string   `json:"label"`
	Format   string   `json:"format"`
	Family   string   `json:"family,omitempty"`
	Title    string   `json:"title,omitempty"`
	Info     string   `json:"info,omitempty"` // what the medium says of itself
	Boots    []Boot   `json:"boot_images"`    // of El Torito's catalog
	EFI      []EFI    `json:"efi"`            // that UEFI firmware starts, and what that starts
	Menus    []Menu   `json:"menus"`
	Entries  []Entry  `json:"entries"`              // that can be booted, as --entry counts them
	WIM      string   `json:"wim,omitempty"`        // an image of Windows PE
	WIMIs    string   `json:"wim_is,omitempty"`     // its version and architecture
	Beside   []string `json:"wim_beside,omitempty"` // what wimboot is given with it
	Lacking  []string `json:"left_out,omitempty"`   // entries that name what isn't there
	Root     string   `json:"root_over,omitempty"`
	Ways     []string `json:"roots,omitempty"`          // over what else it can come: for --root
	Layout   string   `json:"initrd_layout,omitempty"`  // in which an initrd has the image's files
	Other    []string `json:"root_elsewhere,omitempty"` // arguments for servers of one's own
	Memory   int64    `json:"memory_bytes,omitempty"`
	Note     string   `json:"note,omitempty"`
	Obstacle string   `json:"obstacle,omitempty"` // why it doesn't boot
	Instead  string   `json:"instead,omitempty"`
	// Whole: nothing boots of its files, but it does as a whole.
	Whole bool `json:"whole,omitempty"`
	// Given says what each kind of machine is given first.
	Given []Given `json:"given,omitempty"`
}

// Given is what a kind of machine is given first.
type Given struct {
	Machine string `json:"machine"`
	Asks    string `json:"asks"` // which of its programs does
	Gets    string `json:"gets"` // or what is in the way
}

// Boot is an image that firmware starts from a disc.
type Boot struct {
	Platform  string `json:"platform"`
	Emulation string `json:"emulation"`
	Offset    int64  `json:"offset"`
	Size      int64  `json:"bytes"`
}

// Menu is a boot configuration of the medium's.
type Menu struct {
	Loader   bootconfig.Loader `json:"loader"`
	Path     string            `json:"path"`
	Titles   []string          `json:"titles"`
	Starts   []string          `json:"starts"` // what the entry of each title does
	Problems []string          `json:"problems,omitempty"`
}

// Entry is one that can be booted.
type Entry struct {
	Title   string   `json:"title"`
	Default bool     `json:"default,omitempty"`
	Kernel  string   `json:"kernel"`
	Is      string   `json:"kernel_is"` // its version, architecture, and whether it is signed
	Initrds []string `json:"initrds"`
	Medium  string   `json:"medium_arguments"` // as the medium has them
	Cmdline string   `json:"cmdline"`          // as they are over the network, from http://SPUR/
}

// Describe says what was found.
func (d Disc) Describe() Description {
	f := d.Found
	all := Description{
		Path: d.File.Source, Size: d.size, Label: d.Image.Label, Format: d.Image.Format, Family: f.Family.Name, Title: f.Family.Title, Info: f.Info,
		Root: string(f.Root.Over), Layout: f.Root.Layout, Memory: f.Memory, Note: d.note(), Lacking: f.Lacking, Boots: []Boot{}, Menus: []Menu{}, Entries: []Entry{},
	}
	for _, b := range d.Image.Boot() {
		all.Boots = append(all.Boots, Boot{b.Platform.String(), b.Emulation.String(), b.Offset, b.Size})
	}
	all.EFI = d.describeEFI()
	for _, c := range f.Configs {
		m := Menu{Loader: c.Loader, Path: c.Path, Problems: c.Problems}
		for _, e := range c.Entries {
			m.Titles, m.Starts = append(m.Titles, e.Title), append(m.Starts, starts(e))
		}
		all.Menus = append(all.Menus, m)
	}
	kernels := map[string]string{}
	for i, s := range f.Systems {
		if _, looked := kernels[s.Kernel]; !looked {
			kernels[s.Kernel] = d.kernelIs(s.Kernel)
		}
		e := d.entry(s, i == f.Preset)
		e.Is = kernels[s.Kernel]
		all.Entries = append(all.Entries, e)
	}
	for _, r := range f.Ways {
		if r.Over != f.Root.Over {
			all.Ways = append(all.Ways, string(r.Over))
		}
	}
	for _, r := range f.Family.Roots {
		if !r.Served() {
			all.Other = append(all.Other, r.Args)
		}
	}
	if all.WIM = d.Found.WIM; all.WIM != "" {
		w, about, _ := d.WIM(nil) // the error is the obstacle
		all.WIMIs = about
		for _, f := range w.Beside {
			if !slices.Contains(all.Beside, f.File.Inside) { // one may be for several machines
				all.Beside = append(all.Beside, f.File.Inside)
			}
		}
	}
	if err := d.unbootable(); err != nil {
		all.Obstacle, all.Instead = err.Error(), advice.Of(err)
	}
	return all
}

// unbootable says why nothing of it boots over the network, or nil.
func (d Disc) unbootable() error {
	if d.Found.WIM != "" {
		_, _, err := d.WIM(nil)
		return err
	}
	if d.Found.Family.Name == "" {
		return d.unknown("")
	}
	_, _, err := d.Linux("")
	return err
}

// starts says what an entry of a menu does: the files that it starts, and its arguments.
func starts(e bootconfig.Entry) string {
	if e.Kernel == "" {
		return string(e.Kind)
	}
	return strings.Join(strings.Fields(string(e.Kind)+": "+strings.Join(slices.Concat([]string{e.Kernel}, e.Initrds, e.Modules), ", ")+" "+e.Args), " ")
}

// entry describes a system.
func (d Disc) entry(s family.System, preset bool) Entry {
	e := Entry{Title: s.Title, Default: preset, Kernel: s.Kernel, Initrds: append([]string{}, s.Initrds...), Medium: s.Args}
	if c, err := d.cmdline(s); err == nil && d.Found.Family.Unfit == "" {
		e.Cmdline = c.Expand(exampleURL, "")
	}
	return e
}

// kernelIs says what a kernel is, or what is wrong with it.
func (d Disc) kernelIs(name string) string {
	var is string
	err := d.looking(name, func(r io.ReaderAt, n int64) error {
		found, err := image.Look(r, n)
		is = found.Description
		return err
	})
	if err != nil {
		return err.Error()
	}
	return is
}

// exampleURL is how the URL of a file is shown, which is sealed for each machine.
func exampleURL(f boot.File) string {
	if f.Told.Word != "" {
		return string(f.Told.Word)
	}
	if f.IsRoot() {
		return "http://SPUR/…"
	}
	return "http://SPUR/…/" + f.Base()
}

// WriteJSON writes it as one JSON object.
func (d Description) WriteJSON(out io.Writer) error { return json.NewEncoder(out).Encode(d) }
