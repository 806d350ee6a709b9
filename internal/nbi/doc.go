// Package nbi reads tagged images, which Etherboot starts (NBI, the "Draft Net Boot Image
// Proposal 0.3" by Jamie Honan, Gero Kuhlmann and Ken Yap), and writes what Spur's starter
// of them (loader/nbi) is to do with one: the starter is the setup part of a Linux kernel
// for a BIOS, and the file of the image is the rest of that kernel.
package nbi
