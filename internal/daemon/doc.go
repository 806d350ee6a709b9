// Package daemon wires the rooms together: the only package that knows all the
// others, and the one that cmd/spur calls.
//
// A boot goes through it like this. dhcp.Listener hears a request and hands it
// to answer.Offers4, which answers it on a goroutine of its own: pxe.Read says
// what the packet tells, identify.Client makes a boot.Client of it, the boot.Resolver
// says what that client boots, route.Routes how, and pxe.Offer, pxe.Answer or
// pxe.Apply writes the reply. What the client then fetches by TFTP or HTTP
// comes from tree.Tree, through files. Everything that is seen on the way goes
// to the timeline as events (identify.Event, transferevent.go), and the timeline's
// failures come back into the choice of a route.
//
// The three commands differ in their resolver only: Boot has a static one, API
// asks a remote one.
package daemon
