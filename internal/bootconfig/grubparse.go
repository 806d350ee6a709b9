package bootconfig

import "slices"

// grubNode is a command, or one of the constructs around commands.
type grubNode struct {
	kind  string     // empty for a command, else if, for, while, function
	words []grubWord // of a command; of for: the variable and its values; of function: the name
	// body is a command's block, and what a construct does; cond and otherwise are those
	// of if and while.
	cond, body, otherwise []grubNode
	line                  int  // of a command
	joined                bool // it depends on what the command before has come to
}

// nestedMost bounds how deep constructs and blocks lie in each other.
const nestedMost = 32

// parseGRUB reads a script. It forgives what GRUB wouldn't: what isn't closed ends with
// the text.
func parseGRUB(text string) []grubNode {
	p := &grubParser{tokens: grubTokens(text)}
	var all []grubNode
	for p.at < len(p.tokens) {
		all = append(all, p.list()...)
		p.at++ // a keyword or a brace that closes nothing
	}
	return all
}

type grubParser struct {
	tokens []grubToken
	at     int
	nested int
}

// keyword tells whether the next token is one of these words, or a closing brace.
func (p *grubParser) keyword(words ...string) bool {
	if p.at >= len(p.tokens) {
		return true
	}
	t := p.tokens[p.at]
	if t.op == '}' {
		return slices.Contains(words, "}")
	}
	return t.op == 0 && t.word.bare() && slices.Contains(words, t.word.literal())
}

// list reads commands up to a word that ends them. Deeper than the bound nothing is read,
// token by token, so that what is open is closed where it should be.
func (p *grubParser) list() []grubNode {
	var all []grubNode
	joined := false
	if p.nested++; p.nested > nestedMost {
		p.at = len(p.tokens)
	}
	for !p.keyword("then", "else", "elif", "fi", "do", "done", "}") {
		if p.tokens[p.at].op != 0 {
			if op := p.tokens[p.at].op; op != '{' {
				joined = op == '&' || op == '|'
				p.at++
				continue
			}
			p.at++
			all = append(all, p.list()...)
			p.close("}")
			continue
		}
		n := p.node()
		n.joined, joined = joined, false
		all = append(all, n)
	}
	p.nested--
	return all
}

// close passes over the word that ends a construct.
func (p *grubParser) close(word string) {
	if p.keyword(word) {
		p.at++
	}
}

// node reads one command or construct.
func (p *grubParser) node() grubNode {
	switch {
	case p.keyword("if"):
		return p.condition("fi")
	case p.keyword("while", "until"):
		p.at++
		n := grubNode{kind: "while", cond: p.list()}
		p.close("do")
		n.body = p.list()
		p.close("done")
		return n
	case p.keyword("for"):
		p.at++
		n := grubNode{kind: "for", words: p.words()}
		for p.at < len(p.tokens) && p.tokens[p.at].op == ';' {
			p.at++
		}
		p.close("do")
		n.body = p.list()
		p.close("done")
		return n
	case p.keyword("function"):
		p.at++
		n := p.command()
		n.kind = "function"
		return n
	}
	return p.command()
}

// condition reads an if or elif with all that belongs to it.
func (p *grubParser) condition(end string) grubNode {
	p.at++
	n := grubNode{kind: "if", cond: p.list()}
	p.close("then")
	n.body = p.list()
	switch {
	case p.at >= len(p.tokens):
	case p.keyword("elif"):
		if p.nested++; p.nested <= nestedMost {
			n.otherwise = []grubNode{p.condition("")}
		} else {
			p.at = len(p.tokens)
		}
		p.nested--
	case p.keyword("else"):
		p.at++
		n.otherwise = p.list()
	}
	if end != "" {
		p.close(end)
	}
	return n
}

// words reads the words of a command.
func (p *grubParser) words() []grubWord {
	var words []grubWord
	for p.at < len(p.tokens) && p.tokens[p.at].op == 0 {
		words = append(words, p.tokens[p.at].word)
		p.at++
	}
	return words
}

// command reads the words of a command, and the block behind them.
func (p *grubParser) command() grubNode {
	var line int
	if p.at < len(p.tokens) {
		line = p.tokens[p.at].line
	}
	n := grubNode{words: p.words(), line: line}
	if p.at < len(p.tokens) && p.tokens[p.at].op == '{' {
		p.at++
		n.body = p.list()
		p.close("}")
	}
	return n
}
