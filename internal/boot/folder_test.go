package boot

import "testing"

// An iPXE starts the GRUB of a folder's shim itself: no shim fetches it under one.
func TestFolderOfShim(t *testing.T) {
	f := Folder{Programs: []Program{{Name: "a/shimx64.efi", Firmware: UEFI, Arch: X64, Signed: true, Starts: "a/grubx64.efi", Loader: GRUB}}}
	for loader, want := range map[Loader]string{ROM: "a/shimx64.efi", IPXE: "a/grubx64.efi"} {
		c := Client{Firmware: UEFI, Arch: X64, Loader: loader}
		if p, ok := f.Start(c); !ok || p.Name != want || !f.ByShim(c) {
			t.Errorf("%s starts %+v, %v", loader, p, ok)
		}
	}
	if f.ByShim(Client{Firmware: BIOS, Arch: X86}) {
		t.Error("a BIOS starts a shim")
	}
}
