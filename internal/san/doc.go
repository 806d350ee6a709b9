// Package san exports disks: over iSCSI, NBD, HTTP and AoE, each to the clients
// that may have it, under a name and a serial number of its own.
//
// A Volume is a disk that somebody else opens, once for each user: it may be open
// all the while, or only while it is used. Exports (NBD, HTTP) and Targets (iSCSI)
// are sets of volumes to which some are added, and from which some are removed,
// while ServeNBD, ServeHTTP and ServeISCSI serve them. A Log tells of sessions.
//
// Package san knows devices, and neither files nor formats of images.
package san
