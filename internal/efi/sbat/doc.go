// Package sbat tells what shim makes of the SBAT data of an EFI binary (rhboot/shim,
// SBAT.md): which generations of its components it says it has, and which of them
// a shim's level no longer lets start, whoever has signed them.
//
// [Read] takes the section .sbat of a binary, [ReadLevels] the levels that a shim
// brings in its section .sbatlevel, and [Level.Check] foretells the answer. A machine
// keeps the highest level that it has seen in the variable SbatLevel, which
// [ParseLevel] reads too: such a machine may refuse more than a shim's own level.
package sbat
