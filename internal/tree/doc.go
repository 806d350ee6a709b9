// Package tree is the one file tree that every protocol serves.
//
// The first element of every path is a sealed name: it tells, unforgeably and
// without any state on the server, which machine the file is for and what it
// is. So any server that has the key can answer any request, also after a
// restart, and nobody can make Spur fetch or show a file that it did not
// offer. Two sorts of names exist:
//
//	/<boot>/undionly.kpxe    the tree of one machine's boot: loaders,
//	/<boot>/boot.ipxe        the generated script,
//	/<boot>/boot.efi         the whole payload as one EFI application,
//	/<boot>/up               the beacon
//	/<file>/vmlinuz          one file of a payload, named by its source
//
// Where a DHCP server that Spur doesn't run sends machines here, they come
// without a sealed name, and find loaders and boot.ipxe at the root.
//
// Protocols get fs.File and know nothing of kernels. What a path means, for
// the timeline, is told by Tree.Describe.
package tree
