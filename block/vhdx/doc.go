// Package vhdx reads VHDX images (MS-VHDX 8.0), as Hyper-V and QEMU make them:
// fixed, dynamic and differencing ones.
//
// An image that was not closed has changes in its log. They are played back in
// memory; the file stays as it is, so that whoever writes to it next finds it as
// it was left.
//
// A differencing image names its parent. The names are followed by nobody but
// the caller, whose Options.Parent gets them as hints and opens what it thinks
// fit.
package vhdx
