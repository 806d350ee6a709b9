// Package loaderstore keeps bootloaders that were imported, in a folder.
//
// Each lies in a folder of its own that is called after its content, the SHA-256 in
// hexadecimal digits, under the name that it had; a file .from beside it says where
// it came from. So the same loader is kept once, several versions of it side by side,
// and nothing that lies there changes.
//
// [Import] takes loaders out of files, folders, archives and URLs. What a file is its
// content says (package loader).
package loaderstore
