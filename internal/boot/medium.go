package boot

// EFIImage begins the path within the image of a disc (File.Inside) of what isn't among
// its files but in its boot image for UEFI firmware, a FAT file system.
const EFIImage = "[EFI]/"

// Medium is what the image of a disc has besides a kernel that was taken out of it.
type Medium struct {
	Image File
	// Whole is all of the image as a disk; the zero value where it isn't to boot as one.
	Whole Disk
	// Chains are the loaders for UEFI firmware with Secure Boot on, one for each
	// architecture.
	Chains []MediumChain
}

// MediumChain is a shim of a disc's, and the GRUB that it starts.
type MediumChain struct {
	Arch       Arch
	Shim, GRUB File
	MokManager File     // the zero value where there is none
	ShimIs     string   // what the shim is, in words
	Version    string   // of the GRUB
	Prefix     string   // where that looks for its configuration
	Reaches    Features // what it can do
	Signed     bool     // the shim has a right signature, which Secure Boot asks for
	// Signers are who signed the kernel, as far as the shim vouches for them: another
	// shim has to as well.
	Signers []string
	// Fault is why the shim doesn't start the GRUB; empty where it does.
	Fault string
}

// Chain is the one for an architecture.
func (m Medium) Chain(a Arch) (MediumChain, bool) {
	for _, c := range m.Chains {
		if c.Arch == a {
			return c, true
		}
	}
	return MediumChain{}, false
}

// size is about how many bytes it takes in memory.
func (m Medium) size() int {
	n := m.Image.size() + m.Whole.Size()
	for _, c := range m.Chains {
		n += c.Shim.size() + c.GRUB.size() + c.MokManager.size() + 256
	}
	return n
}

// Medium is what a payload's kernel was taken out of; ok is false where that is nothing.
func (p Payload) Medium() (m Medium, ok bool) {
	linux, _ := p.Content.(Linux)
	return linux.Medium, linux.Medium.Image.Source != ""
}

// Brings is what of a payload is asked for by names of its own; ok is false for nothing.
func (p Payload) Brings() (b Bringer, ok bool) {
	if m, _ := p.Medium(); m.Whole.Image.Source != "" {
		return m.Whole, true
	}
	b, ok = p.Content.(Bringer)
	return b, ok
}

// Whole is the payload as all of its medium, which a machine gets as a disk; ok is false
// where there is none to boot.
func (p Payload) Whole() (whole Payload, ok bool) {
	m, _ := p.Medium()
	whole = p
	whole.Content = m.Whole
	return whole, m.Whole.Image.Source != ""
}
