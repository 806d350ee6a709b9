// Package vhdx reads VHDX images (MS-VHDX 8.0), as Hyper-V and QEMU make them:
// fixed, dynamic and differencing ones.
//
// An image that was not closed has changes in its log; it is refused, because
// they would have to be played back, and "qemu-img check -r all" does that.
//
// A differencing image names its parent. The names are followed by nobody but
// the caller, whose Options.Parent gets them as hints and opens what it thinks
// fit.
package vhdx
