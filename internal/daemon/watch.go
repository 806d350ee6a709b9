package daemon

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/outlook"
	"github.com/spurboot/spur/internal/target"
	"github.com/spurboot/spur/internal/tree"
)

// watchEvery is how often files are looked at. Polling sees a file that was replaced by a
// rename, and one on another host's disk; what tells of changes by itself misses these.
const watchEvery = 250 * time.Millisecond

// Changed is what is said behind the names of files that have changed and can be booted.
const Changed = "changed: the next boot gets it"

// watch is a target that is looked into again when a file of it has changed. Boots get
// what was found last that was in order, and its files as they were then.
type watch struct {
	daemon *daemon
	target target.Target
	known  map[string]stamp // of the files as they were looked into last; of run alone once that runs

	mu  sync.RWMutex
	now watched
}

// watched is what was found, with the files that it is made of.
type watched struct {
	target.Inspected
	resolver boot.Resolver
	held     *tree.Held
}

// stamp changes when a file does; the zero value for one that isn't there.
type stamp struct {
	dev, inode uint64
	size       int64
	changed    time.Time
}

// watch has a target looked at from now on. Close it.
func (d *daemon) watch(t target.Target, l target.Inspected) *watch {
	w := &watch{daemon: d, target: t}
	w.take(l)
	w.known = w.stamps()
	return w
}

// take has boots get what was found. It is the first that is read of, or one in order.
func (w *watch) take(l target.Inspected) {
	next := watched{l, l.Resolver(), tree.Hold(localFiles(l.Files()).files)}
	w.mu.Lock()
	last := w.now
	w.now = next
	w.mu.Unlock()
	if last.held != nil {
		_ = last.held.Close() // they were only read
	}
}

// Close releases the files.
func (w *watch) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now.held.Close()
}

// Resolve implements boot.Resolver.
func (w *watch) Resolve(ctx context.Context, c boot.Client) (boot.Payload, error) {
	w.mu.RLock()
	next := w.now.resolver
	w.mu.RUnlock()
	return next.Resolve(ctx, c)
}

// Open implements tree.Local.
func (w *watch) Open(path string) (fs.File, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.now.held.Open(path)
}

// brings is what a client's payload brings of its own.
func (w *watch) brings(c boot.Client) (boot.Bringer, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.now.Brings(c)
}

// run looks at the files until ctx ends. What has changed is taken once it has stayed the
// same for a moment: until then it may be being written.
func (w *watch) run(ctx context.Context, ready func()) error {
	ready()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	last := w.known
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := w.stamps()
		if maps.Equal(now, last) && !maps.Equal(now, w.known) {
			names := differing(w.known, now)
			w.known = now
			w.changed(ctx, names)
		}
		last = now
	}
}

// stamps are those of all files as they are.
func (w *watch) stamps() map[string]stamp {
	w.mu.RLock()
	files := localFiles(w.now.Files()).files
	w.mu.RUnlock()
	all := map[string]stamp{}
	for _, path := range files {
		all[path] = stampOf(path)
	}
	return all
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	s := stamp{size: info.Size(), changed: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.dev, s.inode = sys.Dev, sys.Ino
	}
	return s
}

// differing are the names of the files that have changed, in their order.
func differing(before, after map[string]stamp) string {
	var names []string
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if name := filepath.Base(path); before[path] != after[path] && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// unfit says what boots get while the files that have changed can't be booted.
func (w *watch) unfit(names string, err error) string {
	given, remedy := "what was there before", advice.Of(err)
	if strings.Contains(remedy, "download or copy it again") {
		remedy = "" // who watches a file has just built it
	}
	w.mu.RLock()
	overwritten := w.now.held.Overwritten()
	w.mu.RUnlock()
	if len(overwritten) > 0 {
		for i, path := range overwritten {
			overwritten[i] = filepath.Base(path)
		}
		given = fmt.Sprintf("what is in %s now, overwritten in place", strings.Join(slices.Compact(overwritten), ", "))
		remedy = strings.TrimPrefix(remedy+"; write a new file and rename it over the old one, which boots get until then", "; ")
	}
	line := fmt.Sprintf("%s changed, and boots get %s: %v", names, given, err)
	if remedy != "" {
		line += "; " + remedy
	}
	return line
}

// changed looks into the target again, and tells what comes of it.
func (w *watch) changed(ctx context.Context, names string) {
	l, err := w.target.Inspect(ctx, w.daemon.upstream())
	if err == nil {
		err = w.target.CheckWatch(l)
	}
	if err == nil {
		err = w.daemon.checkExports(w.target.Exports(l))
	}
	if err == nil {
		_, err = (outlook.Outlook{Host: w.daemon.host}).Given(l.Outlook())
	}
	if err != nil {
		w.daemon.notices.warn(w.unfit(names, err))
		return
	}
	w.take(l)
	if w.daemon.scriptFiles != nil {
		w.daemon.scriptFiles.Reread(l.Script)
	}
	w.daemon.notices.say(slog.LevelInfo, fmt.Sprintf("%s %s (%s)", names, Changed, l.Description()), "sub", "daemon", "step", "changed")
	for _, warning := range l.Warnings {
		w.daemon.notices.warn(warning)
	}
}
