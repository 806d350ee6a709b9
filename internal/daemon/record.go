package daemon

import (
	"time"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/machines"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/recorder"
)

// WithoutRecord is the value of --record that keeps no failed boot.
const WithoutRecord = "none"

// recordDir is where failed boots are kept; "" for nowhere.
func (c Config) recordDir() string {
	switch {
	case c.DryRun || c.Record == WithoutRecord:
		return ""
	case c.Record != "":
		return c.Record
	case c.Data != "":
		return machines.FailedDir(c.Data)
	}
	return ""
}

const otherRecord = "name another folder with --record, or --record none"

// openRecorder opens the folder; nil where nothing is to be kept.
func (d *daemon) openRecorder() (*recorder.Recorder, error) {
	if c := d.config; c.DryRun && c.Record != "" && c.Record != WithoutRecord {
		return nil, advice.Wrap(datafolder.Creatable(c.Record), otherRecord)
	}
	if d.config.recordDir() == "" {
		return nil, nil
	}
	if d.config.Record != "" {
		dir, err := datafolder.Own(d.config.Record, d.account.UID)
		if err != nil {
			return nil, err
		}
		d.config.Record = dir
	}
	folder, err := record.OpenFolder(d.config.recordDir())
	if err != nil {
		return nil, advice.Or(err, otherRecord)
	}
	return &recorder.Recorder{
		Folder: folder, Now: time.Now, Trouble: d.notices.recordTrouble,
		Head: record.Head{Spur: d.config.Version, DHCP: string(d.config.DHCP)},
	}, nil
}
