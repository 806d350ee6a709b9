package grubimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// Modules is where distributions have GRUB's modules, a folder for each target.
const Modules = "/usr/lib/grub"

// sizeMost bounds one image.
const sizeMost = 16 << 20

// ErrNoTool is wrapped by the error of Tool.
var ErrNoTool = errors.New("grub-mkimage was not found on this host")

// Tool is this host's grub-mkimage, which Fedora and openSUSE call grub2-mkimage.
func Tool() (string, error) {
	for _, name := range []string{"grub-mkimage", "grub2-mkimage"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNoTool
}

// Has tells whether the modules of a target are there.
func (t Target) Has(modules string) bool {
	_, err := os.Stat(filepath.Join(modules, t.Folder, "normal.mod"))
	return err == nil
}

// Make makes an image by a grub-mkimage of the modules in a folder of such folders.
// What lies in dir afterwards is the caller's to remove.
func (t Target) Make(ctx context.Context, tool, modules, dir string) ([]byte, error) {
	config, image := filepath.Join(dir, t.File+".cfg"), filepath.Join(dir, t.File)
	if err := os.WriteFile(config, []byte(early), 0o600); err != nil {
		return nil, err
	}
	folder := filepath.Join(modules, t.Folder)
	args := append([]string{"-O", t.Format, "-d", folder, "-p", "/grub", "-c", config, "-o", image}, t.modules(folder)...)
	if err := run(ctx, tool, args); err != nil {
		return nil, fmt.Errorf("%s for %s: %w", filepath.Base(tool), t.Format, err)
	}
	content, err := read(image)
	if err != nil || !t.bios() {
		return content, err
	}
	return forBIOS(content)
}

// read reads a file that isn't larger than images are.
func read(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeType != 0 || info.Size() > sizeMost:
		return nil, fmt.Errorf("%s is no file of at most %d MiB", filepath.Base(path), sizeMost>>20)
	}
	return os.ReadFile(path)
}
