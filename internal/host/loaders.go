package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/loader"
	"github.com/spurboot/spur/internal/ramdisk"
	"github.com/spurboot/spur/internal/route"
)

// FindLoaders looks for the bootloaders that Spur hands out: in the folders of own,
// in that of data, where packages put them, and in Spur itself. A folder that was named
// and has none is an error: machines would be given others than meant.
func FindLoaders(data string, own []string) (route.Binaries, error) {
	for _, dir := range own {
		if err := hasLoader(dir); err != nil {
			return nil, advice.Or(fmt.Errorf("--loaders: %w", err), "name a folder that has one of undionly.kpxe, ipxe.pxe, snponly.efi, ipxe.efi, ipxe-arm64.efi, lpxelinux.0, a stub such as linuxx64.efi.stub, or a shim and what it starts")
		}
	}
	dirs, err := loaderDirs(data)
	if err != nil {
		return nil, err
	}
	found, err := loader.Find(own, dirs, ramdisk.Programs())
	return found, advice.Wrap(err, "install its package again, or remove that file")
}

func hasLoader(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no folder " + dir)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder", dir)
	}
	found, err := loader.Find([]string{dir}, nil, nil)
	if err == nil && len(found) == 0 {
		err = advice.New(dir+" has none of the bootloaders that Spur hands out, and folders in it are not looked into",
			fmt.Sprintf("name the folder in it that has them, or keep what is anywhere in it: spur loader import %s takes them from there", dir))
	}
	return err
}
