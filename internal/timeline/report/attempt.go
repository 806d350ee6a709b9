package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/spurboot/spur/internal/size"
	"github.com/spurboot/spur/internal/timeline"
)

// attemptWidth is where the long sentences of a report are wrapped: what a page
// of documentation shows without scrolling.
const attemptWidth = 96

// Attempt writes a whole attempt: a headline, one line per step with the time
// since the attempt began, and how it ended.
func Attempt(a timeline.Attempt) string {
	var b strings.Builder
	b.WriteString(headline(a) + "\n\n")
	before := ""
	for i, s := range a.Steps {
		if a.Omitted > 0 && i == len(a.Steps)/2 {
			fmt.Fprintf(&b, "%10s ⋮ %d steps are left out\n", "", a.Omitted)
		}
		at := fmt.Sprintf("%.1f s", time.Duration(s.After).Seconds())
		shown := at
		if at == before {
			shown = ""
		}
		fmt.Fprintf(&b, "%10s %s %s%s\n", shown, mark(a, i), s.Text, times(s))
		before = at
	}
	if a.Verdict != nil {
		b.WriteString(attemptVerdict(*a.Verdict))
	}
	return b.String()
}

// headline is "52:54:00:aa:bb:01 · UEFI x64, PXE · eth0 · attempt 2".
func headline(a timeline.Attempt) string {
	parts := []string{a.MAC.String()}
	if a.Platform != "" {
		machine := timeline.Clean(a.Platform)
		if a.Proto != "" {
			machine += ", " + strings.ToUpper(timeline.Clean(string(a.Proto)))
		}
		parts = append(parts, machine)
	}
	if a.Interface != "" {
		parts = append(parts, "on "+timeline.Clean(a.Interface))
	}
	if a.Address.IsValid() {
		parts = append(parts, a.Address.String())
	}
	if a.Number > 1 {
		parts = append(parts, fmt.Sprintf("attempt %d", a.Number))
	}
	return strings.Join(parts, " · ")
}

// mark draws the line that holds the steps together.
func mark(a timeline.Attempt, i int) string {
	switch {
	case len(a.Steps) == 1:
		return "─"
	case i == 0:
		return "┌"
	case i < len(a.Steps)-1 || a.Verdict != nil:
		return "├"
	}
	return "└"
}

// times says how often a step was repeated, and how often with another file.
func times(s timeline.Step) string {
	var said []string
	if same := s.Count - s.Others; same > 1 {
		said = append(said, fmt.Sprintf("%d times", same))
	}
	if s.Others > 0 {
		said = append(said, "and "+size.Count(s.Others, "request")+" for other files in vain")
	}
	if len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, ", ") + ")"
}

func attemptVerdict(v timeline.Verdict) string {
	return fmt.Sprintf("%10s └ %s\n", "", verdictWord(v)) + sentences(v)
}

// Open writes a verdict that would be right if nothing came after what was seen.
func Open(v timeline.Verdict) string {
	return fmt.Sprintf("%10s if nothing came after that: %s\n", "", verdictWord(v)) + sentences(v)
}

// sentences are those of a verdict, in lines.
func sentences(v timeline.Verdict) string {
	indent := strings.Repeat(" ", 13)
	var b strings.Builder
	for _, p := range verdictParts(v) {
		for i, line := range wrap(p.text, attemptWidth-len(indent)-len(p.label)) {
			label := p.label
			if i > 0 {
				label = strings.Repeat(" ", len(label))
			}
			b.WriteString(indent + label + line + "\n")
		}
	}
	return b.String()
}
