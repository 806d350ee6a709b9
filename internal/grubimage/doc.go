// Package grubimage makes images of GRUB that boot over the network, of a
// distribution's modules and by its grub-mkimage.
//
// [Targets] are what images can be made for. Each has all the modules that a boot
// needs built in, so that it fetches nothing but its configuration, and begins with
// commands that find that where the firmware found the image.
//
// [WithMemdisk] says what such an image for UEFI is with a disk in it, which GRUB then has
// as its device (memdisk).
//
// What a BIOS loads gets another beginning than GRUB's own (pxeboot.S). GRUB takes the
// server and its folder from the DHCP server's acknowledgement (grub_pc_net_config_real
// in grub-core/net/drivers/i386/pc/pxe.c), which says nothing of them where a
// ProxyDHCP server does. [prefix] copies what the machine was told to boot into it.
package grubimage
