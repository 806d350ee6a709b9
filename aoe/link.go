package aoe

// A Link is an Ethernet interface.
type Link interface {
	// Recv waits for frames and reads those that are there, header included:
	// each into one of the slices, which it cuts to the frame's length. It
	// returns how many there were. One goroutine at a time calls it.
	Recv(frames [][]byte) (int, error)
	// Send sends frames, in order. One that can't be sent is lost, as any frame may
	// be. Several goroutines call it.
	Send(frames [][]byte)
	// Interrupt makes Recv return an error, now and from now on.
	Interrupt()
	// Address is the interface's own.
	Address() MAC
	// MTU is the most that follows the 14 bytes of the Ethernet header.
	MTU() int
}
