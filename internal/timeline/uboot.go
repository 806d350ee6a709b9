package timeline

import "github.com/spurboot/spur/internal/boot"

// byUBoot tells whether the program that asked last is U-Boot.
func (a Attempt) byUBoot() bool { return a.loaderStage.client.Loader == boot.UBoot }

// uBootWithoutKernel says of a board that has its script what it stopped at. Its
// console is serial, and its environment is its maker's.
func (a Attempt) uBootWithoutKernel(v Verdict) Verdict {
	v.Likely = "U-Boot stopped at an error: its environment has no address for what it loads (pxefile_addr_r, kernel_addr_r, ramdisk_addr_r), it was built without the command pxe, or it took the script for something else."
	v.Hint = "look at the board's serial console; typed there, setenv boot_targets pxe and boot have it look for a configuration instead, as do dhcp, pxe get and pxe boot."
	return v
}

// uBootGaveUp adds what becomes of an EFI application that U-Boot has fetched: bootstd
// starts none where the environment has no fdt_addr_r and no fdtfile
// (distro_efi_read_bootflow_net in its boot/bootmeth_efi.c).
func (a Attempt) uBootGaveUp(v Verdict) Verdict {
	v.Likely = "it runs and has no reason to tell; or its kernel stopped; or U-Boot gave up, as it does before an EFI application where its environment has no fdt_addr_r and fdtfile. Its serial console shows it."
	v.Hint += " If U-Boot stands at its prompt: setenv boot_targets pxe, then boot."
	return v
}
