// Package fat reads what is in a FAT file system (Microsoft Extensible Firmware
// Initiative FAT32 File System Specification 1.03): its folders, and the beginnings of
// its files. An image may lie as it likes: what is read of a folder or a file has a bound,
// which ends loops too. Layout is the other way: a file system for files of known sizes.
package fat
