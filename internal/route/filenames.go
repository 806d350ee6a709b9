package route

// IPXEScript is the script that tells iPXE what to load.
const IPXEScript = "boot.ipxe"

// GPXEScript is the script that tells gPXE what to load.
const GPXEScript = "boot.gpxe"

// GRUBConfig is the configuration that tells GRUB what to load.
const GRUBConfig = "grub.cfg"

// LegacyConfig is the configuration that tells GRUB Legacy what to load.
const LegacyConfig = "menu.lst"

// UBootScript is the script for which U-Boot asks (boot_script_dhcp in its
// include/config_distro_bootcmd.h).
const UBootScript = "boot.scr.uimg"

// PXELINUXConfig is the configuration that tells PXELINUX and Syslinux what to load.
const PXELINUXConfig = "pxelinux.cfg/default"

// LegacyProgram is the name under which every GRUB Legacy is given out.
const LegacyProgram = "pxegrub"

// The names under which every GRUB is given out that a machine starts without a shim,
// whatever it is called on this host.
const (
	GRUBForBIOS = "grub.0"
	GRUBForUEFI = "grub.efi"
)

// EFIProgram is the program that UEFI firmware is given. HTTP Boot knows by the
// ending what it is (edk2: HttpBootSupport.c).
const EFIProgram = "boot.efi"
