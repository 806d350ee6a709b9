package diskserve

import (
	"fmt"
	"log/slog"

	"github.com/spurboot/spur/internal/disk"
	"github.com/spurboot/spur/internal/san"
	"github.com/spurboot/spur/internal/size"
)

// tellReady says what is served, and where.
func tellReady(log *san.Log, d *disk.Disk, over Protocol, at string) {
	how := ""
	if d.Caps().ReadOnly {
		how = ", read-only"
	}
	file := d.Files[0]
	log.Say(slog.LevelInfo, fmt.Sprintf("Spur serves %s (%s, %s%s) at %s", file, d.Format, size.Format(d.Size()), how, at),
		"step", "ready", "file", file, "format", string(d.Format), "size", d.Size(), "over", string(over), "at", at)
	if d.Unclosed && !d.Caps().ReadOnly && d.Recovered == 0 && d.Lost == nil {
		log.Say(slog.LevelInfo, file+" wasn't closed: all that was written was in it already, and its reference counts were made anew",
			"step", "recovered", "file", file, "clusters", 0)
	}
	if d.Recovered > 0 {
		log.Say(slog.LevelInfo, fmt.Sprintf("%s wasn't closed: what was written last was brought back, %s", file, size.Count(d.Recovered, "cluster")),
			"step", "recovered", "file", file, "clusters", d.Recovered)
	}
	if d.Lost != nil {
		log.Say(slog.LevelWarn, fmt.Sprintf("%s wasn't closed, and what was written last and not flushed may be missing: %v", file, d.Lost),
			"step", "lost", "file", file, "err", d.Lost.Error())
	}
	if d.Unsafe != nil {
		log.Say(slog.LevelWarn, fmt.Sprintf("%s has no journal: if Spur is killed, what wasn't flushed is lost: %v", file, d.Unsafe),
			"step", "unsafe", "file", file, "err", d.Unsafe.Error())
	}
}

// tellJournal tells that the journal of a file can't be written, or can again.
func tellJournal(log *san.Log, file string, err error) {
	if err == nil {
		log.Say(slog.LevelInfo, file+": its journal can be written again", "step", "journal", "file", file)
		return
	}
	log.Say(slog.LevelWarn, fmt.Sprintf("%s: its journal can't be written, so that each write that takes space is flushed, which is slower: %v", file, err),
		"step", "journal", "file", file, "err", err.Error())
}

// warnOfHost tells of disks that may pass for others.
func (c *Config) warnOfHost(log *san.Log, root string) {
	if c.Over != ISCSI && c.Over != AoE || c.Over == ISCSI && c.Name != "" {
		return
	}
	if name, lasting := disk.ThisHost(root); !lasting {
		log.Say(slog.LevelWarn, fmt.Sprintf("This host has no /etc/machine-id: its disks are told from other hosts' by its name, %s. systemd-machine-id-setup makes one.", name),
			"step", "identity", "host", name)
	}
}
