package target

import (
	"fmt"
	"slices"
)

// warningsOf are those of the entries of a menu, each once, with the name of the first that has
// it, and how many more have it.
func warningsOf(all []entry) (lines []string) {
	var texts []string
	having := map[string][]string{}
	for _, e := range all {
		for _, text := range e.Warnings {
			if !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
			having[text] = append(having[text], e.name())
		}
	}
	for _, text := range texts {
		names, more := having[text], ""
		if len(names) > 1 {
			more = fmt.Sprintf(" and %d more", len(names)-1)
		}
		lines = append(lines, names[0]+more+": "+text)
	}
	return lines
}
