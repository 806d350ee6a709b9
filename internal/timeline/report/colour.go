package report

// colour is the parameter of an ANSI SGR escape (ECMA-48 section 8.3.117).
type colour string

const (
	bold   colour = "1"
	faint  colour = "2"
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
)

// paint puts text in a colour, where colours are wanted.
func (t *Terminal) paint(c colour, text string) string {
	if !t.options.Colour || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
