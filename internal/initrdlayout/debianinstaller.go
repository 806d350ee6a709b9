package initrdlayout

import _ "embed" // the script

//go:embed debianinstaller.sh
var debianInstallerScript string

// debianInstaller is for the initrd of a CD image of debian-installer. Its cdrom-detect
// mounts a device on /cdrom, unless something is mounted there already; all that it installs
// from then on, drivers of network cards among it, comes from below /cdrom. So no device is
// needed, and no driver for one, which that initrd doesn't have (loop).
//
// rootskel runs the script at its start, once the questions of all packages are known
// (S20templates) and before anything that its user has answered beforehand (S30initrd-preseed).
func debianInstaller() Layout {
	return Layout{
		Name:    "debian-installer",
		below:   "cdrom",
		without: []string{"install", "install.*", "isolinux", "boot", "EFI", "efi*", "doc", "pics", "css", "md5sum.txt"},
		script:  Entry{Name: "lib/debian-installer-startup.d/S25medium", Mode: 0o755, Text: debianInstallerScript},
	}
}
