// Package diskserve is `spur disk serve` as a function: a Config with the words of
// the command line, which Check looks through and Serve serves, by package disk
// that opens images and package san that exports them.
package diskserve
