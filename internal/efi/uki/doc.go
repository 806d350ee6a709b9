// Package uki lays out unified kernel images: one EFI application that holds a
// kernel, its initrds and its command line as sections of systemd's stub, which
// boots them (UAPI group, "Unified Kernel Image"; systemd-stub(7)).
//
// [OpenStub] takes the stub, which is small, and [Stub.Layout] says what the image
// of some parts is: a list of pieces that follow one another, being the patched
// stub, bytes in memory, files of which only the size is known, and zeros between
// them. Kernel and initrds aren't read; who serves the image reads them where a
// piece says. The same stub and parts give the same image.
package uki
