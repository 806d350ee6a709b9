// Package nic finds the interfaces of this host over which machines can netboot,
// whatever protocol they ask by.
package nic
