// Package disk puts the libraries of disks to work for the command line: it
// opens images, makes, checks and converts them, and serves one over a
// protocol.
//
// Open gives a qcow2 image its journal (journal.go), and leaves the rest to package
// diskimage. A backing file is opened only where it may be (backing.go): in the
// folder of the image, or in one that the caller allows, because whoever writes to
// an image can write any name into it. An overlay is an image whose backing file was named
// by the caller (overlay.go), so it alone may lie anywhere.
//
// Serve hands the device to a protocol: nbd.go, http.go, iscsi.go and aoe.go
// turn a Config into the protocol's server, and its hooks into one line for
// each session (voice.go). Packages nbd, iscsi and aoe know nothing of each
// other, nor of files.
package disk
