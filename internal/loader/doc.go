// Package loader knows the bootloaders that Spur hands out: where a
// distribution puts them, whether a file really is the loader it is named
// after, and how to write the scripts that they follow. [Identify] says of any file
// which loader it is, by its content.
//
// Spur carries no bootloader and patches none. It takes iPXE from where the
// distribution's package installed it, or from folders that the operator
// names, and steers it by what the loader says of itself on the wire. What a
// loader has to do is written by the script functions here, which are pure:
// the same payload gives the same bytes.
package loader
