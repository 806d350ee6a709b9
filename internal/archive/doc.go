// Package archive goes through the files in other people's archives: Debian's and
// RPM's packages, tar, compressed or not, zip, and CD images.
//
// Archives are known by what they begin with, not by their names. [Walk] unpacks to
// nowhere: each regular file is handed over as a stream, and its name is a label.
// Links and devices are passed over. An archive with a path that leads out of it is
// refused, as is one that unpacks to more than [UnpackedMost] or has more than
// [FilesMost] files.
package archive
