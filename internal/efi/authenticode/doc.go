// Package authenticode makes and checks the signatures of EFI binaries ("Windows
// Authenticode Portable Executable Signature Format"; UEFI 2.10 section 32.2.4).
//
// [Digest] is the hash by which firmware knows a binary. [Sign] says what becomes of
// a binary that is signed: two fields of its headers change and a tail follows, so a
// signed binary can be served without a copy. The same binary and key give the same
// bytes. [Signatures] reads those that a binary has, [Verify] checks them too.
//
// Binaries are read at random and may have any size; memory is bounded.
package authenticode
