// Package pefile reads the headers of PE/COFF files, the format of EFI binaries
// (UEFI 2.10 section 2.1.1; Microsoft's PE/COFF specification).
//
// [Read] takes a file of any size by random access: it reads the headers only,
// at most about 150 KiB, whatever the file says of itself. What it returns has
// been checked against the file's size: every section and the certificate table
// lie within it. The offsets of the fields that a signature leaves out are given as
// [File]'s methods. [File.Extend] is the beginning of a file that gets sections more.
//
// The standard library's debug/pe isn't made for files of strangers: it reads
// symbols and relocations in the amount that the file asks for, and it knows no
// LoongArch.
package pefile
