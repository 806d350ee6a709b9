package boot

// KindWIM is that of WIM.
const KindWIM Kind = "wim"

// WIM is an image of Windows PE, which wimboot starts. It comes whole into the machine's
// memory.
type WIM struct {
	Image File
	// Arch is what it is built for; empty where that isn't known.
	Arch Arch
	// Beside are the files that wimboot is given with the image.
	Beside []WIMFile
	// Inside are those that it takes out of the image by itself, and Lacks those that are
	// in neither place, by the firmware for which it wants them.
	Inside, Lacks map[Firmware][]string
	// Arguments are wimboot's own.
	Arguments string
	// Bytes is how large the image is; 0 where that isn't known.
	Bytes int64
}

// WIMFile is a file by the name under which wimboot shows it to what it starts. What isn't
// for a boot manager Windows PE has in its folder System32.
type WIMFile struct {
	Name string
	File File
	// Firmware and Arch are those of the machines for which it is; empty for any.
	Firmware Firmware
	Arch     Arch
}

// WIMName is the name of the image itself.
const WIMName = "boot.wim"

// Kind implements Content.
func (WIM) Kind() Kind { return KindWIM }

// Title implements Content. An image in an image goes by the outer one's name.
func (w WIM) Title() string { return File{Source: w.Image.Source}.Base() }

// Files implements Content.
func (w WIM) Files() []File {
	var all []File
	for _, f := range w.Beside {
		all = append(all, f.File)
	}
	return append(all, w.Image)
}

// Size implements Content.
func (w WIM) Size() int {
	size := len(w.Arguments)
	for _, f := range w.Files() {
		size += f.size()
	}
	return size
}

// For are the files that wimboot is given on a machine, the image last.
func (w WIM) For(c Client) []WIMFile {
	var all []WIMFile
	for _, f := range append(w.Beside[:len(w.Beside):len(w.Beside)], WIMFile{Name: WIMName, File: w.Image}) {
		if (f.Firmware == "" || f.Firmware == c.Firmware) && (f.Arch == "" || f.Arch == c.Arch) {
			all = append(all, f)
		}
	}
	return all
}
