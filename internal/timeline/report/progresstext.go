package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/size"
	"github.com/spurboot/spur/internal/timeline"
)

// progress is the text of the line: one transfer with its bar, or a summary.
func (t *Terminal) progress(macs []boot.MAC) string {
	first := t.progressLine.transfers[macs[0]].Transfer
	if len(macs) == 1 {
		return fmt.Sprintf("%s  %s%s %s%s", t.name(macs[0]), bar(first, 16), percent(first), timeline.Clean(first.Name), speed(first))
	}
	var perSecond float64
	for _, mac := range macs {
		perSecond += rate(t.progressLine.transfers[mac].Transfer)
	}
	text := fmt.Sprintf("%d machines fetch, %s/s:", len(macs), timeline.Size(int64(perSecond)))
	for _, mac := range macs[:min(len(macs), 4)] {
		f := t.progressLine.transfers[mac]
		text += fmt.Sprintf("  %s %s %s", t.name(mac), timeline.Clean(f.Name), percent(f.Transfer))
	}
	if len(macs) > 4 {
		text += "  …"
	}
	return text
}

// progressText is "initrd initrd.img: 120 MiB of 480 MiB, 25 %, 35 MiB/s".
func progressText(f timeline.Transfer) string {
	text := timeline.Clean(string(f.Role)+" "+f.Name) + ": " + timeline.Size(f.Bytes)
	if f.Total > 0 {
		text += " of " + timeline.Size(f.Total) + ", " + percent(f)
	}
	return text + speed(f)
}

// speed is ", 35 MiB/s, 10 s left".
func speed(f timeline.Transfer) string {
	perSecond := rate(f)
	if perSecond < 1 {
		return ""
	}
	text := ", " + timeline.Size(int64(perSecond)) + "/s"
	if left := float64(f.Total-f.Bytes) / perSecond; left >= 1 && left < 24*3600 {
		text += ", " + size.Length(time.Duration(left)*time.Second) + " left"
	}
	return text
}

// rate is bytes a second, on average.
func rate(f timeline.Transfer) float64 {
	if took := f.Took().Seconds(); took > 0 {
		return float64(f.Bytes) / took
	}
	return 0
}

// share is the part that is through, from 0 to 1.
func share(f timeline.Transfer) float64 {
	if f.Total <= 0 {
		return 0
	}
	return min(max(float64(f.Bytes)/float64(f.Total), 0), 1)
}

func percent(f timeline.Transfer) string {
	if f.Total <= 0 {
		return timeline.Size(f.Bytes)
	}
	return fmt.Sprintf("%d %%", int(share(f)*100))
}

// bar draws how much is through.
func bar(f timeline.Transfer, width int) string {
	if f.Total <= 0 {
		return ""
	}
	full := int(share(f) * float64(width))
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", width-full) + "] "
}
