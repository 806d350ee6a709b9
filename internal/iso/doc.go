// Package iso reads the images of optical discs: ISO 9660 with Rock Ridge, with
// Joliet or with neither, UDF, what El Torito says of how they start, and the
// partition tables that hybrid images have besides.
//
// An [Image] is read at random over an io.ReaderAt: opening it takes a handful of
// sectors, and looking a file up those of the directories on the way, which are
// kept. It is a file system in the sense of io/fs.
//
// Nobody vouches for an image. Whatever it says is bounded: what is outside of it,
// overlaps, leads in a circle or has no end is an error, in bounded time and memory.
package iso
