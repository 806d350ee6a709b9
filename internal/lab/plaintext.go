package lab

// plain turns what firmware paints on a serial terminal into text that a
// pattern can match: escape sequences go, carriage returns become line ends,
// and a backspace takes back the character before it (iPXE rubs out its
// prompts that way). It keeps its state between writes, since a sequence may
// be cut anywhere.
type plain struct {
	state  plainState
	params []byte
}

type plainState uint8

const (
	plainText plainState = iota
	plainEscape
	plainSequence // after ESC [
	plainSkipOne  // after ESC ( and the like: one byte names a character set
)

// maxParams bounds what is remembered of a sequence's parameters.
const maxParams = 32

// append adds the text of in to out and returns it.
func (p *plain) append(out, in []byte) []byte {
	for _, c := range in {
		switch p.state {
		case plainText:
			out = p.text(out, c)
		case plainEscape:
			p.escape(c)
		case plainSequence:
			out = p.sequence(out, c)
		case plainSkipOne:
			p.state = plainText
		}
	}
	return out
}

func (p *plain) text(out []byte, c byte) []byte {
	switch {
	case c == 0x1b:
		p.state = plainEscape
	case c == '\r' || c == '\n':
		return endLine(out)
	case c == '\b':
		if n := len(out); n > 0 && out[n-1] != '\n' {
			return out[:n-1]
		}
	case c >= ' ' || c == '\t':
		return append(out, c)
	}
	return out
}

func (p *plain) escape(c byte) {
	switch c {
	case '[':
		p.state, p.params = plainSequence, p.params[:0]
	case '(', ')', '#', '%':
		p.state = plainSkipOne
	default:
		p.state = plainText
	}
}

// sequence reads a control sequence up to its final byte (ECMA-48 5.4). Moving
// the cursor to a place ends the line that was being written.
func (p *plain) sequence(out []byte, c byte) []byte {
	if c < 0x40 || c > 0x7e {
		if len(p.params) < maxParams {
			p.params = append(p.params, c)
		}
		return out
	}
	p.state = plainText
	if c == 'H' || c == 'f' || c == 'J' {
		return endLine(out)
	}
	return out
}

// endLine ends the line, if there is one: empty lines and the two halves of
// CR LF count once.
func endLine(out []byte) []byte {
	if n := len(out); n > 0 && out[n-1] != '\n' {
		return append(out, '\n')
	}
	return out
}
