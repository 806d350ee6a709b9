package route

import (
	"slices"
	"testing"
)

func shapeNames(shapes []Shape) []string {
	var all []string
	for _, s := range shapes {
		all = append(all, s.Name)
	}
	return all
}

// The names stand in what is remembered of machines.
func TestShapesFor(t *testing.T) {
	for name, tt := range map[string]struct {
		got  []Shape
		want []string
	}{
		"UEFI, PXE":            {ShapesFor(uefiROM, Theirs), []string{"boot-server", "direct", "menu", "field-only", "padded", "late"}},
		"BIOS":                 {ShapesFor(biosROM, Theirs), []string{"direct", "menu", "field-only", "padded", "late", "boot-server"}},
		"HTTP Boot":            {ShapesFor(uefiHTTP, Theirs), []string{"http", "padded", "late"}},
		"UEFI, our addresses":  {ShapesFor(uefiROM, Ours), []string{"plain", "direct", "field-only", "padded", "boot-server"}},
		"BIOS, our addresses":  {ShapesFor(biosROM, Ours), []string{"plain", "direct", "field-only", "padded", "boot-server"}},
		"HTTP Boot, ours":      {ShapesFor(uefiHTTP, Ours), []string{"plain", "padded"}},
		"a loader takes any":   {ShapesFor(uefiIPXE, Theirs), nil},
		"a loader in the ROM":  {ShapesFor(biosIPXE, Ours), nil},
		"another architecture": {ShapesFor(armROM, Theirs), shapeNames(ShapesFor(uefiROM, Theirs))},
	} {
		if got := shapeNames(tt.got); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// Every line says why it is there, and differs from the others of its name.
func TestShapesAreSound(t *testing.T) {
	for i, s := range Shapes() {
		if s.Name == "" || s.Why == "" {
			t.Errorf("the shape %d has a blank: %+v", i, s)
		}
		for _, other := range Shapes()[:i] {
			if s.Name == other.Name && (s.Discovery != other.Discovery || s.File != other.File || s.Late != other.Late) {
				t.Errorf("two shapes are called %s", s.Name)
			}
		}
	}
	for _, e := range Entries() {
		if e.Shape != "" && !slices.ContainsFunc(Shapes(), func(s Shape) bool { return s.Name == e.Shape }) {
			t.Errorf("%s begins with the shape %s, which is none", e.Name, e.Shape)
		}
	}
}

func TestPickShape(t *testing.T) {
	shapes := []Shape{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	for _, tt := range []struct {
		took    string
		refused []string
		want    string
	}{
		{"", nil, "a"},
		{"b", nil, "b"},
		{"b", []string{"b"}, "a"},
		{"b", []string{"b", "a"}, "c"},
		{"", []string{"a", "b"}, "c"},
		{"", []string{"b", "c", "a"}, "b"},
		{"b", []string{"c", "b", "a"}, "c"},
		{"of another protocol", []string{"of another protocol"}, "a"},
	} {
		if got, other := PickShape(shapes, tt.took, tt.refused); got.Name != tt.want || other != (tt.want != "a") {
			t.Errorf("took %q, refused %v: %s, another than the first: %v; want %s", tt.took, tt.refused, got.Name, other, tt.want)
		}
	}
	if got, other := PickShape(nil, "a", nil); got != (Shape{}) || other {
		t.Errorf("without shapes: %+v, %v", got, other)
	}
}
