package bootconfig

import "strings"

// grubToken is a token of GRUB's script language: a word, or one of ; { } | &. A line
// break is a semicolon.
type grubToken struct {
	op   byte // 0 for a word
	word grubWord
	line int // where a word begins
}

// grubWord is a word: texts, and variables to be filled in.
type grubWord []grubPart

// grubPart is one part of a word. What a variable outside of quotes holds is split at
// blanks.
type grubPart struct {
	text     string
	variable bool
	quoted   bool
}

// literal is what a word says by itself, where it has no variable.
func (w grubWord) literal() string {
	var b strings.Builder
	for _, p := range w {
		if p.variable {
			return ""
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// bare tells whether a word is text without quotes: only then can it be a keyword.
func (w grubWord) bare() bool { return len(w) == 1 && !w[0].quoted && !w[0].variable }

// grubTokens splits a script (GRUB's manual, section "Writing full configuration files
// directly"; grub-core/script/yylex.l).
func grubTokens(text string) []grubToken {
	l := &grubLexer{text: strings.ReplaceAll(text, "\r\n", "\n")}
	for l.at < len(l.text) {
		at, before := l.at, l.inWord
		l.next()
		if l.inWord && !before {
			l.began = at
		}
	}
	l.endWord()
	return l.tokens
}

type grubLexer struct {
	text    string
	at      int
	tokens  []grubToken
	word    grubWord
	inWord  bool // "" is a word too
	began   int  // where it begins
	lines   int  // before counted
	counted int
}

// next takes in what comes next.
func (l *grubLexer) next() {
	c := l.text[l.at]
	l.at++
	switch {
	case c == '#' && !l.inWord:
		l.at += len(l.until("\n"))
	case c == ' ' || c == '\t':
		l.endWord()
	case c == '\n' || c == ';':
		l.operator(';')
	case c == '|' || c == '&' || (c == '{' || c == '}') && !l.inWord:
		l.operator(c)
	case c == '\\':
		l.escaped()
	case c == '\'':
		quoted := l.until("'")
		l.at += len(quoted) + 1
		l.part(quoted, true)
	case c == '"':
		l.double()
	case c == '$':
		l.variable(false)
	default:
		end := strings.IndexAny(l.text[l.at:], " \t\n;|&\\'\"$")
		if end < 0 {
			end = len(l.text) - l.at
		}
		l.part(l.text[l.at-1:l.at+end], false)
		l.at += end
	}
}

// until is the text up to a mark, or to the end.
func (l *grubLexer) until(mark string) string {
	text, _, _ := strings.Cut(l.text[min(l.at, len(l.text)):], mark)
	return text
}

func (l *grubLexer) operator(op byte) {
	l.endWord()
	l.tokens = append(l.tokens, grubToken{op: op})
}

func (l *grubLexer) endWord() {
	if l.inWord {
		l.lines += strings.Count(l.text[l.counted:l.began], "\n")
		l.counted = l.began
		l.tokens = append(l.tokens, grubToken{word: l.word, line: l.lines + 1})
	}
	l.word, l.inWord = nil, false
}

// part adds text to the word. What stands in quotes is one part, also where it is empty.
func (l *grubLexer) part(text string, quoted bool) {
	l.word, l.inWord = append(l.word, grubPart{text: text, quoted: quoted}), true
}

// escaped takes the character behind a backslash as it is; a line break there is none.
func (l *grubLexer) escaped() {
	if l.at == len(l.text) {
		return
	}
	if l.text[l.at] != '\n' {
		l.part(l.text[l.at:l.at+1], true)
	}
	l.at++
}

// double takes in what stands in double quotes.
func (l *grubLexer) double() {
	l.part("", true)
	for l.at < len(l.text) {
		c := l.text[l.at]
		l.at++
		switch {
		case c == '"':
			return
		case c == '$':
			l.variable(true)
		case c == '\\' && l.at < len(l.text) && strings.IndexByte("\\\"$\n", l.text[l.at]) >= 0:
			l.escaped()
		default:
			end := strings.IndexAny(l.text[l.at:], "\"$\\")
			if end < 0 {
				end = len(l.text) - l.at
			}
			l.part(l.text[l.at-1:l.at+end], true)
			l.at += end
		}
	}
}

// variable takes in what stands behind a dollar: a name, or one in braces.
func (l *grubLexer) variable(quoted bool) {
	if strings.HasPrefix(l.text[l.at:], "{") {
		l.at++
		name := l.until("}")
		l.at = min(len(l.text), l.at+len(name)+1)
		l.word, l.inWord = append(l.word, grubPart{name, true, quoted}), true
		return
	}
	end := l.at
	for end < len(l.text) && isNameByte(l.text[end], end > l.at) {
		end++
	}
	if end == l.at && end < len(l.text) && strings.IndexByte("0123456789@*#?", l.text[end]) >= 0 {
		end++
	}
	if end == l.at {
		l.part("$", true)
		return
	}
	l.word, l.inWord = append(l.word, grubPart{l.text[l.at:end], true, quoted}), true
	l.at = end
}

// isNameByte tells whether a byte can stand in the name of a variable; digits not first.
func isNameByte(c byte, inside bool) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || inside && '0' <= c && c <= '9'
}
