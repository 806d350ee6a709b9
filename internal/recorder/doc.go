// Package recorder has the packets and events of a boot remembered while it goes on,
// and written to a file of package record where it fails.
package recorder
