package httpd

import (
	"io/fs"
	"path"
	"strings"
)

// Clean turns the path of a request URL into a name for [fs.FS.Open]: without
// leading slash, "." for the root. Backslashes are slashes, since some
// firmware joins paths with them (edk2's device paths do); doubled slashes
// count once, since loaders join a folder that ends in one with a name that
// begins with one; ".." ends at the root. ok is false where no such name can
// be: a NUL byte or bytes that aren't UTF-8.
func Clean(urlPath string) (name string, ok bool) {
	name = path.Clean("/" + strings.ReplaceAll(urlPath, `\`, "/"))[1:]
	if name == "" {
		name = "."
	}
	if !fs.ValidPath(name) || strings.ContainsRune(name, 0) {
		return "", false
	}
	return name, true
}

// contentType is the media type of a name. UEFI HTTP Boot decides by it what
// to do with a file whose URL doesn't end in .efi or .iso (UEFI 2.10, section
// 24.7.1; the types are registered with IANA). Everything unknown is bytes,
// never sniffed: firmware wants no charset on a kernel.
func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".efi":
		return "application/efi"
	case ".iso":
		return "application/vnd.efi-iso"
	case ".img":
		return "application/vnd.efi-img"
	case ".ipxe", ".cfg", ".conf", ".txt", ".ks", ".preseed", ".sh", ".seed":
		return "text/plain; charset=utf-8"
	case ".yaml", ".yml":
		return "application/yaml"
	case ".json", ".ign":
		return "application/json"
	case ".xml":
		return "application/xml"
	case ".html":
		return "text/html; charset=utf-8"
	}
	return "application/octet-stream"
}
