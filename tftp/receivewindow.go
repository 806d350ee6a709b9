package tftp

// A receiveWindow is the receiver's state: which block is due, and when to
// acknowledge. Blocks are counted without rolling over.
type receiveWindow struct {
	size   uint64 // negotiated window
	got    uint64 // every block up to this one has arrived
	acked  uint64 // the block of the last ACK
	gapped bool   // the present gap was already reported
}

// An arrival is what to do with a DATA packet.
type arrival struct {
	take bool // it is the block that is due: keep its data
	ack  bool // acknowledge got now
}

// data judges the DATA packet with the 16-bit block number n; final says that
// it is shorter than a block.
func (w *receiveWindow) data(n uint16, final bool) arrival {
	switch ahead := int16(n - uint16(w.got)); {
	case ahead == 1:
		w.got++
		w.gapped = false
		return arrival{take: true, ack: final || w.got-w.acked >= w.size}
	case ahead > 1:
		// RFC 7440 section 4: a gap is reported by an ACK of the block before
		// it, once; each further packet of the window would report it again.
		report := !w.gapped && uint64(ahead) <= w.size
		w.gapped = w.gapped || report
		return arrival{ack: report}
	default:
		// A block that is here already. The sender missed the ACK of its
		// window if it repeats the window's end; its other blocks say nothing.
		return arrival{ack: uint16(w.acked) == n && w.acked == w.got}
	}
}

// confirm records that got is being acknowledged and returns its number.
func (w *receiveWindow) confirm() uint16 {
	w.acked = w.got
	return uint16(w.got)
}
