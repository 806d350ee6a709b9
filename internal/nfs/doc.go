// Package nfs serves files read-only by NFS version 3 (RFC 1813) over TCP, with the MOUNT
// protocol (its appendix I) and as much of the portmapper (RFC 1833, version 2) as mounting
// takes. It is for machines whose root is on the server for as long as they run.
//
// A [Server] answers all three programs on each of its listeners, so that clients which can
// be told ports need no other than that of NFS. Those that can't ask port 111, and klibc's
// nfsmount, which initrds of Debian's kind have, looks for MOUNT on port 627 where nobody
// there knows it.
//
// Nothing is remembered of a client. A file handle is sealed: the export's ID and the file's,
// so that it holds after a restart and on another server with the same key, and nobody makes
// one up. The ID of a file is made of its path: [Files] looks for one that it hasn't seen.
//
// A peer is bounded in connections, memory and time, whatever it sends.
package nfs
