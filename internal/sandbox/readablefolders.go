package sandbox

import "path/filepath"

// Folders are what has to be readable for files to be served that may be
// replaced while they are: the folders in which they really are, behind links.
// For a file in the root folder it is the file itself, since that folder holds
// everything. A file that doesn't exist is left out.
func Folders(files ...string) []string {
	var folders []string
	seen := map[string]bool{}
	for _, file := range files {
		real, err := filepath.EvalSymlinks(file)
		if err != nil {
			continue
		}
		if dir := filepath.Dir(real); dir != "/" {
			real = dir
		}
		if !seen[real] {
			seen[real] = true
			folders = append(folders, real)
		}
	}
	return folders
}
