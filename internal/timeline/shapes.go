package timeline

import (
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// maxShapes bounds the shapes of offers that are remembered of one machine, and
// told of in one boot; no client has more.
const maxShapes = 12

// shapes is what a machine has shown of the forms in which it was offered what
// to boot.
type shapes struct {
	took    string   // led to its boot file last
	refused []string // since, oldest first
	ask     uint32   // the transaction of its latest DISCOVER
}

// learn draws the conclusions of one event. A ROM that asks again within its
// transaction has refused the latest shape; one that comes for its boot file has
// taken it. A new transaction begins with the one that it took before.
func (s *shapes) learn(before, after Attempt, e Event) {
	was, is := before.loaderStage, after.loaderStage
	if is.client.Loader != boot.ROM {
		return
	}
	switch {
	case e.Kind == Asked:
		if is.asks > 1 && is.refusals > was.refusals {
			s.refuse(was.shape)
		}
		if e.Transaction != s.ask && s.took != "" {
			s.refused = nil
		}
		s.ask = e.Transaction
	case is.tookShape() && !was.tookShape():
		s.took, s.refused = is.shape, nil
	}
}

// refuse remembers that a shape led nowhere; the latest is the last of the list.
func (s *shapes) refuse(shape string) {
	if shape == "" {
		return
	}
	s.refused = append(slices.DeleteFunc(s.refused, func(other string) bool { return other == shape }), shape)
	if len(s.refused) > maxShapes {
		s.refused = slices.Delete(s.refused, 0, 1)
	}
}

// fail is refuse for a shape with which a whole boot came to nothing: it is no
// longer the one to begin with.
func (s *shapes) fail(shape string) {
	if shape != "" && s.took == shape {
		s.took = ""
	}
	s.refuse(shape)
}

// tookShape tells whether the program came for what the latest offer named.
func (h loaderStage) tookShape() bool { return h.shape != "" && (h.bootAsked || h.fetched) }

// noteShape notes in which shape the latest offer was made.
func (h *loaderStage) noteShape(e Event) {
	h.shape = e.Shape
	if e.Shape != "" && !slices.Contains(h.shapes, e.Shape) && len(h.shapes) < maxShapes {
		h.shapes = append(slices.Clip(h.shapes), e.Shape)
	}
}

// tookText ends the line about what a ROM did after it had refused other shapes.
func (h loaderStage) tookText() string {
	if h.refusals == 0 || h.shape == "" {
		return ""
	}
	return ", after an offer of the shape " + Clean(h.shape)
}

// shapesText says in a verdict which shapes were offered, where there were
// several.
func (h loaderStage) shapesText() string {
	if len(h.shapes) < 2 {
		return ""
	}
	return " The offer had the shapes " + Clean(strings.Join(h.shapes, ", ")) + " in turn."
}

// ofShape names the shape of an offer that isn't the usual one.
func ofShape(e Event) string {
	if !e.Reshaped {
		return ""
	}
	return ", shape " + Clean(e.Shape)
}

// Shapes tells which shape of offer led a machine to its boot file last, and
// which it refused since, oldest first.
func (t *Timeline) Shapes(mac boot.MAC) (took string, refused []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.machines[mac]; ok {
		s := e.Value.(*machine).shapes
		return s.took, slices.Clone(s.refused)
	}
	return "", nil
}
