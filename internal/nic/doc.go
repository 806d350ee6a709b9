// Package nic finds the interfaces of this host over which machines can netboot,
// whatever protocol they ask by, and helps with the sockets on them.
package nic
