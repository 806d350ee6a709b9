// Package vhd reads VHD images (Virtual Hard Disk Image Format Specification
// 1.0), as Virtual PC, Hyper-V, VirtualBox, Azure and QEMU make them: fixed,
// dynamic and differencing ones.
//
// A differencing image names its parent. The name is followed by nobody but the
// caller, whose Options.Parent gets it as a hint and opens what it thinks fit.
//
// QEMU and Virtual PC mean the size that the geometry says, everybody else the
// size in the footer; this package does as QEMU does.
package vhd
