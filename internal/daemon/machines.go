package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/machinetargets"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/resolver"
	"github.com/spurboot/spur/internal/sandbox"
	"github.com/spurboot/spur/internal/tree"
)

const (
	// readingsMost is how many readings of a file of machines are kept: what machines under
	// way were given stays theirs, for as many changes.
	readingsMost = 4
	// machinesAgain is how often a file is read again whose last reading had an error: a
	// target may have come back.
	machinesAgain = 5 * time.Second
)

// machinesFile is a file that says what each machine boots. It is read again when it has
// changed. Machines boot by what was read last that was in order.
type machinesFile struct {
	daemon *daemon
	file   machinetargets.File
	items  *machinetargets.ItemNumbers
	within []string // where local files may lie
	once   *resolver.Once
	known  stamp // of the file as it was read last; of run alone once that runs

	outlook outlook.Outlook  // of the boots, once it is known who else answers
	warned  map[trouble]bool // what was wrong at the last reading; both as known

	mu       sync.RWMutex
	readings []machinesReading // the newest first

	givenOnce givenOnce
}

// machinesReading is what the file said at one time.
type machinesReading struct {
	*machinetargets.Machines
	local tree.Local
	close func()
}

// BootMachines boots each machine into what a file says of it, until ctx ends.
func BootMachines(ctx context.Context, c Config, f machinetargets.File) error {
	d, err := open(c)
	if err != nil {
		return err
	}
	defer d.close()
	f.Host, f.Open, f.Surroundings = d.host, openURL(d.cache), c.surroundings()
	w := &machinesFile{daemon: d, file: f, items: machinetargets.NewItemNumbers(), known: stampOf(f.Path)}
	defer w.close()
	m, err := w.read(ctx)
	if err != nil {
		return err
	}
	d.title, d.machines, d.brings, d.watching = m.Summary(), w, w.brings, w.run
	d.foresee = func(s *service) { w.foretell(ctx, d.outlook(s), m) }
	d.ahead, d.exports = remoteFiles(m.Files()), m.Exports()
	d.exported = m.Files()
	files := localFiles(m.Files())
	files.files = append(files.files, f.Path)
	files.folders = m.Folders()
	w.within = within(files)
	return d.serve(ctx, w, files, w)
}

// read reads the file, and has boots go by it if it is in order.
func (w *machinesFile) read(ctx context.Context) (*machinetargets.Machines, error) {
	if w.items.Crowded() {
		w.forget()
	}
	m, err := w.file.Read(ctx, w.daemon.upstream(), w.items, w.within)
	if err != nil {
		return nil, err
	}
	if err := w.check(ctx, m); err != nil {
		m.Close()
		return nil, err
	}
	return m, w.take(m)
}

// check refuses a reading with a target that no machine can boot, or whose image is mounted
// over what isn't served.
func (w *machinesFile) check(ctx context.Context, m *machinetargets.Machines) error {
	seen := map[string]bool{}
	for _, a := range m.Targets() {
		key := a.WaysKey()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case seen[key]:
			continue
		}
		seen[key] = true
		err := w.mountable(a)
		if err == nil {
			_, err = (outlook.Outlook{Host: w.daemon.host}).Given(a.Outlook())
		}
		if err != nil {
			return m.Error(a, err)
		}
	}
	return nil
}

// mountable refuses a target of a later reading whose image is mounted over what isn't served.
func (w *machinesFile) mountable(a *machinetargets.Assigned) error {
	if w.within == nil { // the first reading says what is
		return nil
	}
	return w.daemon.checkExports(a.Payload.Exports())
}

// within are the folders that stay readable, with no links in their names.
func within(s sharedFiles) []string {
	all := sandbox.Folders(s.files...)
	for _, dir := range s.folders {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			all = append(all, real)
		}
	}
	return all
}

// aheadMost is how many URLs of a file of machines are fetched ahead.
const aheadMost = 16

// remoteFiles are the first URLs among files.
func remoteFiles(files []boot.File) []boot.File {
	remote := slices.DeleteFunc(slices.Clone(files), func(f boot.File) bool { return !f.IsURL() || f.Told.Word != "" })
	return remote[:min(len(remote), aheadMost)]
}

// take has boots go by a reading.
func (w *machinesFile) take(m *machinetargets.Machines) error {
	local, closeLocal, err := m.Local()
	if err != nil {
		m.Close()
		return err
	}
	next := machinesReading{m, local, func() { closeLocal(); m.Close() }}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.readings = append([]machinesReading{next}, w.readings...)
	if len(w.readings) > readingsMost {
		w.readings[readingsMost].close()
		w.readings = w.readings[:readingsMost]
	}
	return nil
}

// forget makes room for the items of another reading: what machines were given before the
// newest one isn't known any more.
func (w *machinesFile) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.readings[1:] {
		r.close()
	}
	w.readings = w.readings[:1]
	w.items.Keep(w.readings[0].Machines)
}

func (w *machinesFile) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.readings {
		r.close()
	}
}

// Resolve implements boot.Resolver.
func (w *machinesFile) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	if a, ok := w.item(c.Item); ok {
		return w.give(ctx, c, a, a.Where)
	}
	w.mu.RLock()
	found := w.readings[0].Find(c)
	w.mu.RUnlock()
	switch {
	case found.Asked:
		return boot.Payload{Content: boot.Inquiry{Else: found.Asks}}, nil
	case found.Assigned == nil:
		return boot.Payload{}, fmt.Errorf("%w: no row of %s is about it", boot.ErrIgnore, w.file.Path)
	}
	p, err := w.give(ctx, c, found.Assigned, found.Row)
	p.Row = found.Row
	return p, err
}

// item is what has an item, by the newest reading that knows it.
func (w *machinesFile) item(n uint16) (*machinetargets.Assigned, bool) {
	if !machinetargets.IsItem(n) {
		return nil, false
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, r := range w.readings {
		if a, ok := r.Item(n); ok {
			return a, true
		}
	}
	return nil, false
}

// give is what a client boots of a target, by the row at a place.
func (w *machinesFile) give(ctx context.Context, c boot.Client, a *machinetargets.Assigned, row string) (boot.Payload, error) {
	if a.Once && w.once != nil {
		if err := w.once.Refuses(c.MAC, "once: true in "+row); err != nil {
			return boot.Payload{}, err
		}
	}
	w.givenOnce.note(c.MAC, a.Once)
	p, err := a.Resolver().Resolve(ctx, c)
	p.Item = a.Item
	return p, err
}

// bootsOnce tells whether a machine that is up boots once: by what it was given, or, after
// a restart, by the rows that its MAC alone leads to.
func (w *machinesFile) bootsOnce(mac boot.MAC) bool {
	if once, known := w.givenOnce.of(mac); known {
		return once
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	found := w.readings[0].Find(boot.Client{MAC: mac})
	return found.Assigned != nil && found.Once
}

// Open implements tree.Local.
func (w *machinesFile) Open(path string) (f fs.File, err error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, r := range w.readings {
		if f, err = r.local.Open(path); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, err
}

// assigned is what a client boots, whether or not it may.
func (w *machinesFile) assigned(c boot.Client) *machinetargets.Assigned {
	if a, ok := w.item(c.Item); ok {
		return a
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	found := w.readings[0].Find(c)
	if found.Asked {
		return nil
	}
	return found.Assigned
}

// brings is what a client's payload brings of its own.
func (w *machinesFile) brings(c boot.Client) (boot.Bringer, bool) {
	a := w.assigned(c)
	if a == nil {
		return nil, false
	}
	return a.Brings(c)
}

// scriptsOf finds what a client's script names relative to itself; nil where all have the
// same.
func (d *daemon) scriptsOf() func(boot.Client) *tree.ScriptFiles {
	if d.machines == nil {
		return nil
	}
	return func(c boot.Client) *tree.ScriptFiles {
		if a := d.machines.assigned(c); a != nil {
			return a.Scripts
		}
		return nil
	}
}

// run reads the file again when it has changed, until ctx ends. It is taken once it has
// stayed the same for a moment: until then it may be being written. What was wrong with
// one reading is told once.
func (w *machinesFile) run(ctx context.Context, ready func()) error {
	ready()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	last, failed, tried := w.known, "", time.Time{}
	for {
		var at time.Time
		select {
		case <-ctx.Done():
			return nil
		case at = <-ticker.C:
		}
		now := stampOf(w.file.Path)
		changed := now == last && now != w.known
		if changed || failed != "" && at.Sub(tried) > machinesAgain {
			w.known, tried = now, at
			failed = w.reread(ctx, failed)
		}
		last = now
	}
}

// reread reads the file again, and tells what comes of it: an error unless it is the one
// that was told last, which it returns.
func (w *machinesFile) reread(ctx context.Context, told string) (failed string) {
	m, err := w.read(ctx)
	switch {
	case ctx.Err() != nil:
		return told
	case err != nil:
		failed = err.Error() + "\n" + advice.Of(err)
		if failed != told {
			w.daemon.notices.warnLines(w.file.Path+" changed, and boots go by what it said before:", failed)
		}
		return failed
	}
	w.daemon.notices.say(slog.LevelInfo, fmt.Sprintf("%s %s (%s)", w.file.Path, Changed, m.Summary()), "sub", "daemon", "step", "changed")
	w.warn(ctx, m)
	return ""
}

// warnLines warns of what has several lines.
func (v *notices) warnLines(line, more string) {
	if v.log != nil {
		v.warn(line + " " + more)
		return
	}
	v.warn(line)
	for text := range strings.SplitSeq(more, "\n") {
		v.say(slog.LevelWarn, "  "+text)
	}
}
