// Package bootconfig reads the boot configuration that a medium carries: that of
// Syslinux and its kin, of GRUB, and that of systemd-boot. It lists the systems that the
// medium's own menus offer, with the files and arguments of each.
//
// It runs nothing and asks no firmware: where a configuration depends on the machine it is
// read as a UEFI machine for x64 would read it. What it reads is bounded, however files lead
// to one another: what lies behind the bounds is left out, and that is said.
package bootconfig
