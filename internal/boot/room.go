package boot

// Extent is how large a file is that a kernel unpacks, or that is a kernel.
type Extent struct {
	Fetched  int64 // as it is fetched; 0 where that is not known
	Unpacked int64 // as it is in memory once it is unpacked
	Guessed  bool  // Unpacked is what such files usually come to
}

// Plus is how large two files are together.
func (e Extent) Plus(other Extent) Extent {
	return Extent{e.Fetched + other.Fetched, e.Unpacked + other.Unpacked, e.Guessed || other.Guessed}
}

// Room is what a Linux takes of a machine's memory.
type Room struct {
	// Known: the sizes of all its files are. A boot API names files that nobody has seen,
	// and some servers don't tell.
	Known   bool
	Kernel  Extent
	Initrds Extent // together
	// System is what the system needs that runs in the end, by its medium's family; 0
	// where that is not known.
	System int64
}

// Fetched is how large kernel and initrds are together; 0 where that is not known.
func (r Room) Fetched() int64 {
	if !r.Known {
		return 0
	}
	return r.Kernel.Fetched + r.Initrds.Fetched
}

// RoomOf is that of a kernel.
func RoomOf(kernel Extent) Room { return Room{Known: kernel.Fetched > 0, Kernel: kernel} }

// With is the room of a kernel with one more initrd.
func (r Room) With(initrd Extent) Room {
	r.Initrds = r.Initrds.Plus(initrd)
	r.Known = r.Known && initrd.Fetched > 0
	return r
}
