package boot

import (
	"slices"
	"testing"
)

// All that Xen may fetch is among its files, in the order in which it is wanted: what isn't
// would not be served, and its changes not be seen.
func TestXenFiles(t *testing.T) {
	file := func(name string) File { return File{Source: "/" + name} }
	var options, text Template
	options.File(file("options"))
	text.File(file("text"))
	x := Xen{Program: file("xen.efi"), Options: options, Kernel: Module{file("vmlinuz"), text}, Policy: file("policy")}
	if want := []File{file("xen.efi"), file("vmlinuz"), file("policy"), file("options"), file("text")}; !slices.Equal(x.Files(), want) {
		t.Errorf("%v", x.Files())
	}
	x.Ramdisk, x.Microcode = file("initrd"), file("ucode")
	if want := []XenFile{{"kernel", file("vmlinuz")}, {"ramdisk", file("initrd")}, {"xsm", file("policy")}, {"ucode", file("ucode")}}; !slices.Equal(x.Beside(), want) {
		t.Errorf("%v", x.Beside())
	}
	if n := len("/xen.efi/vmlinuz/policy/options/text/initrd/ucode"); x.Size() != n {
		t.Errorf("%d bytes, not %d", x.Size(), n)
	}
	if x.SaysUp() || (Payload{Content: x}).SaysUp() {
		t.Error("it says that it is up")
	}
	x.Kernel.Text.Beacon()
	if !(Payload{Content: x}).SaysUp() {
		t.Error("it doesn't say that it is up")
	}
}
