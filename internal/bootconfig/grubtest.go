package bootconfig

import (
	"strconv"
	"strings"
)

// test answers commands that are asked for their answer. What only a running machine knows
// is answered as one without anybody at its keyboard would.
func (r *grubReader) test(name string, args []string) bool {
	switch name {
	case "true":
		return true
	case "!":
		return len(args) > 0 && !r.command(args[0], args[1:], grubNode{})
	case "[", "test":
		if n := len(args); n > 0 && args[n-1] == "]" {
			args = args[:n-1]
		}
		return r.expression(args)
	}
	return false
}

// expression evaluates the words of a test; -o binds less than -a (GRUB's manual, section
// test).
func (r *grubReader) expression(words []string) bool {
	for i, word := range words {
		if word == "-o" || word == "||" {
			return r.expression(words[:i]) || r.expression(words[i+1:])
		}
	}
	for i, word := range words {
		if word == "-a" || word == "&&" {
			return r.expression(words[:i]) && r.expression(words[i+1:])
		}
	}
	if len(words) > 0 && words[0] == "!" {
		return !r.expression(words[1:])
	}
	return r.simple(words)
}

// simple evaluates a test without operators between tests.
func (r *grubReader) simple(words []string) bool {
	switch len(words) {
	case 1:
		return words[0] != ""
	case 2:
		switch words[0] {
		case "-n":
			return words[1] != ""
		case "-z":
			return words[1] == ""
		case "-e", "-f", "-s", "-d":
			_, found := r.Find(words[1])
			return found
		}
	case 3:
		return compare(words[0], words[1], words[2])
	}
	return false
}

// compare compares two words.
func compare(a, op, b string) bool {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	switch op {
	case "=", "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return strings.Compare(a, b) < 0
	case ">":
		return strings.Compare(a, b) > 0
	case "-eq":
		return x == y
	case "-ne":
		return x != y
	case "-lt":
		return x < y
	case "-le":
		return x <= y
	case "-gt":
		return x > y
	case "-ge":
		return x >= y
	}
	return false
}
