// Package host knows what this host has that boots depend on: its distribution, the
// bootloaders that are found or kept here, and the keys that sign. It is what `spur
// loader` works with.
package host
