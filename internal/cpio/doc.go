// Package cpio writes archives in the format newc, which the kernel unpacks as
// an initramfs, and reads the headers of those in newc and crc
// (Linux Documentation/driver-api/early-userspace/buffer-format.rst).
package cpio
