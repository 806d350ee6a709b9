package bootconfig

import "strings"

// expand fills in the variables of words. An empty one without quotes is no word.
func (r *grubReader) expand(words []grubWord) []string {
	var all []string
	for _, w := range words {
		for _, word := range r.fill(w) {
			if r.filled += len(word) + 1; r.filled > filledMost {
				r.problem("fills in more than 8 MiB; what lies behind that is left out")
				return nil
			}
			all = append(all, word)
		}
	}
	return all
}

// fill fills in the variables of one word, which may make it none or several.
func (r *grubReader) fill(w grubWord) []string {
	var all []string
	var b strings.Builder
	is := false // a word begins
	for _, p := range w {
		text := p.text
		if p.variable {
			text = r.vars[p.text]
			r.filled += len(text)
		}
		if r.filled > filledMost {
			break
		}
		if !p.variable || p.quoted {
			b.WriteString(text)
			is = is || p.quoted || text != ""
			continue
		}
		for i, field := range strings.Fields(text) {
			if i > 0 {
				all = append(all, b.String())
				b.Reset()
			}
			b.WriteString(field)
			is = true
		}
	}
	if is {
		all = append(all, b.String())
	}
	return all
}
