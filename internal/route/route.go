package route

import (
	"hash/fnv"
	"io"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// Route is one way for a client to get its payload: an entry, the loader that it
// leads to, and the form of the payload that this loader brings.
type Route struct {
	Name   string      // the entry's; stable. With @ and a version where it has another Binary
	Loader boot.Loader // brings the payload
	Form   Form        // what it brings the payload as
	Give   string      // the file that the client is told to fetch first
	Role   Role        // what that file is
	Binary uint32      // the ID of the one of its build to give; 0 for the preferred one
	Via    Via
	Loads  Via        // see Entry
	Shim   bool       // see Entry
	Medium MediumPart // see Entry
	Shape  string     // see Entry
	Why    string
}

// route is the way through an entry, whatever the payload.
func (e Entry) route() Route {
	r := Route{Name: e.Name, Loader: e.Loader, Give: e.Build, Role: NBP, Via: e.Via, Loads: e.Loads, Shim: e.Shim, Medium: e.Medium, Shape: e.Shape, Why: e.Why}
	if e.Build == "" {
		next := FindLoader(e.Loader).Next
		r.Give, r.Role = next.Name, next.Role
	}
	return r
}

// ID stands for a route in names that must be short, but for its Binary. No two
// entries have the same, and the order of the tables doesn't change it.
func (r Route) ID() uint16 {
	entry, _, _ := strings.Cut(r.Name, "@")
	return entryID(entry)
}

func entryID(name string) uint16 {
	h := fnv.New32a()
	_, _ = io.WriteString(h, name) // a hash takes all
	sum := h.Sum32()
	return uint16(sum>>16) ^ uint16(sum)
}

// ByID finds a route that was given out, without the form that its payload had.
func ByID(id uint16) (Route, bool) {
	for _, e := range Entries() {
		if entryID(e.Name) == id {
			return e.route(), true
		}
	}
	return Route{}, false
}

// Configured is the route of a loader that speaks already, and is told what to
// do over via; the zero value where there is none.
func Configured(speaker boot.Loader, via Via) Route {
	for _, e := range Entries() {
		if e.Speaker == speaker && e.Loader == speaker && e.Build == "" && e.Via == via {
			return e.route()
		}
	}
	return Route{}
}
