// Package wim reads Windows images (WIM): what they say of themselves, and which files
// are in them. It reads no content of files.
//
// The format is that of Microsoft's "Windows Imaging File Format (WIM)", as wimlib's
// include/wimlib/header.h, resource.c and metadata_resource.c explain it.
package wim
