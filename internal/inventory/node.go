package inventory

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// place is where a node begins. A map begins with its first key, not with its colon.
func place(n ast.Node) Place {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return place(m.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return place(m.Key)
	}
	return placeOf(n.GetToken(), nil)
}

func placeOf(t *token.Token, instead ast.Node) Place {
	switch {
	case t != nil && t.Position != nil:
		return Place{t.Position.Line, t.Position.Column}
	case instead != nil:
		return place(instead)
	}
	return Place{}
}

// field is a key of a map, and its value.
type field struct {
	name  string
	at    Place
	value ast.Node
}

// fields are those of a map, which what says what it is.
func (s source) fields(n ast.Node, what string) ([]field, error) {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		return nil, s.wrong(n, what)
	}
	var all []field
	for _, v := range values {
		key, ok := v.Key.(ast.ScalarNode)
		if _, complex := v.Key.(*ast.MappingKeyNode); !ok || complex {
			return nil, s.fail(place(v.Key), "this is no key", "write KEY: VALUE; "+docs)
		}
		all = append(all, field{key.GetToken().Value, place(v.Key), v.Value})
	}
	return all, nil
}

// list are the elements of a list.
func (s source) list(n ast.Node, what string) ([]ast.Node, error) {
	l, ok := n.(*ast.SequenceNode)
	if !ok {
		return nil, s.wrong(n, what)
	}
	return l.Values, nil
}

// scalar is a text; numbers: also a number, as it is written.
func (s source) scalar(n ast.Node, what string, numbers bool) (string, error) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, nil
	case *ast.LiteralNode:
		return strings.TrimRight(v.Value.Value, "\n"), nil
	case *ast.IntegerNode, *ast.FloatNode:
		if numbers {
			return n.GetToken().Value, nil
		}
	}
	return "", s.wrong(n, what)
}

// texts is a text, or a list of some.
func (s source) texts(n ast.Node, what string, numbers bool) (all []string, at []Place, err error) {
	nodes := []ast.Node{n}
	if l, ok := n.(*ast.SequenceNode); ok {
		nodes = l.Values
		if len(nodes) == 0 || len(nodes) > valuesMost {
			return nil, nil, s.fail(place(n), fmt.Sprintf("the list has %d values", len(nodes)), fmt.Sprintf("name from 1 to %d", valuesMost))
		}
	}
	for _, one := range nodes {
		text, err := s.scalar(one, what, numbers)
		if err != nil {
			return nil, nil, err
		}
		all, at = append(all, text), append(at, place(one))
	}
	return all, at, nil
}

// wrong says that a node is of another kind than is wanted.
func (s source) wrong(n ast.Node, wanted string) error {
	return s.fail(place(n), fmt.Sprintf("%s is wanted here, and this is %s", wanted, kindOf(n)), "write it so, text in quotes where it looks like something else; "+docs)
}

// kindOf says what a node is.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.BoolNode:
		return "a truth value"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a map of keys"
	}
	return "something else"
}
