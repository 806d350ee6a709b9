package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"golang.org/x/tools/go/packages"
)

// TestNoTypedNil refuses statements that put a pointer which comes with an
// error straight into an interface: when the call fails, the interface holds a
// nil pointer and is not nil itself, so that a later check for nil lets it
// through.
func TestNoTypedNil(t *testing.T) {
	mode := packages.NeedName | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports | packages.NeedExportFile
	found, err := packages.Load(&packages.Config{Mode: mode, Dir: "../.."}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range found {
		for _, e := range p.Errors {
			t.Errorf("%s: %s", p.PkgPath, e)
		}
		for _, f := range p.Syntax {
			for _, place := range typedNils(p.TypesInfo, f) {
				t.Errorf("%s: a pointer that comes with an error becomes an interface here; keep it in a variable of its own type until the error was looked at", p.Fset.Position(place))
			}
		}
	}
}

// TestTypedNilIsFound shows that the check above sees what it is for.
func TestTypedNilIsFound(t *testing.T) {
	const source = `package p
type thing struct{}
func (*thing) Close() {}
type closer interface{ Close() }
func open() (*thing, error) { return nil, nil }
func assigned() { var c closer; var err error; c, err = open(); _, _ = c, err }
func returned() (closer, error) { return open() }
func literal() { _ = func() (closer, error) { return open() } }
func sound() (closer, error) { c, err := open(); if err != nil { return nil, err }; return c, nil }
`
	info, file, err := typeCheck(source)
	if err != nil {
		t.Fatal(err)
	}
	if places := typedNils(info, file); len(places) != 3 {
		t.Errorf("%d places were found, want 3", len(places))
	}
}

// typedNils are the places of a file where a call's pointer becomes an
// interface before the error beside it was looked at.
func typedNils(info *types.Info, f *ast.File) []token.Pos {
	var places []token.Pos
	ast.PreorderStack(f, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if len(n.Rhs) == 1 && hides(info, n.Rhs[0], func(i int) types.Type { return info.TypeOf(n.Lhs[i]) }) {
				places = append(places, n.Pos())
			}
		case *ast.ReturnStmt:
			into := enclosing(info, stack)
			if len(n.Results) == 1 && into != nil && hides(info, n.Results[0], func(i int) types.Type { return into.At(i).Type() }) {
				places = append(places, n.Pos())
			}
		}
		return true
	})
	return places
}

// hides tells whether a call gives a pointer and an error, and the pointer goes
// into an interface.
func hides(info *types.Info, call ast.Expr, into func(i int) types.Type) bool {
	from, ok := info.TypeOf(call).(*types.Tuple)
	if !ok || from.Len() < 2 || from.At(from.Len()-1).Type().String() != "error" {
		return false
	}
	for i := range from.Len() - 1 {
		_, pointer := from.At(i).Type().Underlying().(*types.Pointer)
		if to := into(i); pointer && to != nil && types.IsInterface(to) {
			return true
		}
	}
	return false
}

// enclosing are the results of the innermost function around a statement.
func enclosing(info *types.Info, stack []ast.Node) *types.Tuple {
	for i := len(stack) - 1; i >= 0; i-- {
		switch f := stack[i].(type) {
		case *ast.FuncLit:
			return info.TypeOf(f).(*types.Signature).Results()
		case *ast.FuncDecl:
			return info.Defs[f.Name].Type().(*types.Signature).Results()
		}
	}
	return nil
}

func typeCheck(source string) (*types.Info, *ast.File, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, 0)
	if err != nil {
		return nil, nil, err
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	_, err = (&types.Config{}).Check("p", fset, []*ast.File{file}, info)
	return info, file, err
}
