package timeline

import (
	"fmt"

	"github.com/spurboot/spur/internal/boot"
)

// startsRPi tells whether a file is what the ROM of a Raspberry Pi 3 loads: it asks
// for an address again, by the ROM's name, and goes on.
func (t Transfer) startsRPi() bool { return t.Done && t.Name == "bootcode.bin" }

// isRPi tells whether a Raspberry Pi's bootloader spoke last.
func (a Attempt) isRPi() bool { return a.loaderStage.client.Loader == boot.RPi }

// rpiNotFetched says of a Raspberry Pi that took its address and fetched nothing.
func (a Attempt) rpiNotFetched(v Verdict) Verdict {
	v.Likely = "it asks another server for its files: a 3B looks for them at the DHCP server where that names itself (next-server, option 66); or a firewall on this host drops UDP to port 69."
	v.Hint = "remove next-server and options 43, 60 and 66 from other DHCP servers, open the port, or let Spur give the addresses with --dhcp server; what the bootloader does is on the board's screen."
	return v
}

// rpiSilent says of a Raspberry Pi whose firmware arrived and asked for nothing more.
func (a Attempt) rpiSilent(t Transfer) Verdict {
	return Verdict{
		Cause:    LoaderSilent,
		Sentence: fmt.Sprintf("%s was fetched completely, but nothing was asked for after it.", fileText(t)),
		Likely:   "the firmware is older than the board and doesn't know it, or its fixup file is of another version; or UEFI firmware or U-Boot was started and asks nobody.",
		Hint:     "look at the board's screen or its serial line (uart_2ndstage=1 in config.txt); take start*.elf and fixup*.dat from one and the same, newer package.",
		Blames:   t.Route,
	}
}

// rpiWithoutKernel says of a Raspberry Pi whose firmware read its configuration, and
// fetched no kernel.
func (a Attempt) rpiWithoutKernel(v Verdict) Verdict {
	v.Likely = "no kernel is under the names for which it looks: the one of kernel= in config.txt, else kernel8.img for 64 bits, kernel_2712.img on a 5; a 5 starts none of 32 bits, and none without its device tree (bcm2712-rpi-5-b.dtb)."
	v.Hint = "put a kernel for this board into the folder, with arm_64bit=1 if it has 64 bits, or correct kernel= there."
	return v
}
