// Package resolver decides what each machine boots: the implementations of
// boot.Resolver.
//
// Some know an answer of their own:
//
//   - [Static] gives every machine the same payload (spur boot), [ByArch] and
//     [ByItem] the one for its architecture, or for what was chosen from a menu.
//   - [Remote] asks an HTTP server for every machine, by the API that
//     Pixiecore defined (spur api). Servers written for Pixiecore work with it
//     unchanged.
//
// The others wrap a resolver:
//
//   - [AllowList] answers none but the machines that were named.
//   - [Once] answers a machine until it has booted, and not again.
//   - [Coalescer] asks once where several packets of one boot ask the same, and
//     bounds how many questions are under way.
//
// They are meant to be stacked in this order, the cheap refusals outside:
//
//	AllowList(Once(Coalescer(Remote)))
//
// A machine that gets no answer gets it as an error that wraps boot.ErrIgnore
// and says why in words, because that text is what the operator sees.
//
// A payload that a resolver returned is the caller's: appending to its initrds
// or its command line does not reach other machines.
package resolver
