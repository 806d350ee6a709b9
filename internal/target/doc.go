// Package target is what the command line says should boot: a kernel, an image, a folder,
// a menu of such. Target.Inspect looks into it, finds out what it is and what is wrong
// with it, and makes the payloads of package boot that machines are then given.
package target
