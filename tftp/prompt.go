package tftp

import "errors"

// A prompt is a sender while its transfer waits for an ACK, on a link that has
// somebody to look after it meanwhile: it does what nearly every ACK asks for,
// and nothing that could keep that somebody waiting.
type prompt struct {
	*sender
	link   promptLink
	blocks promptBlocks
	failed error // of the link, which the transfer has yet to hear
}

// promptLink is a link that calls what deals with a packet on the spot.
type promptLink interface {
	link
	attended(by func(packet []byte) outcome)
	offer(p []byte, stride int) (taken int, err error)
}

// promptBlocks are blocks that may be in memory already.
type promptBlocks interface {
	blocks
	// ready says whether a block is, or could be put there without waiting.
	ready(next uint64) bool
}

// attend makes a sender prompt, if its link and its blocks can be.
func (s *sender) attend() {
	link, canLink := s.link.(promptLink)
	blocks, canBlocks := s.blocks.(promptBlocks)
	if canLink && canBlocks {
		s.prompt = &prompt{s, link, blocks, nil}
		link.attended(s.prompt.deal)
	}
}

// deal answers an ACK of all that was sent with the window that follows.
// Anything else, and what takes a file or a hook, is the transfer's.
func (p *prompt) deal(packet []byte) outcome {
	s := p.sender
	if parsePacket(packet, &s.packet) != nil || s.packet.op != opAck || !s.window.whole(s.packet.block) {
		return unable
	}
	if s.timer.tries > 0 || s.timer.probes > 0 || s.progress.due(p.blocks.shape().bytesTo(s.window.sent)) || !p.blocks.ready(s.window.sent+1) {
		return unable
	}
	s.acknowledge()
	return p.flush()
}

// flush is the sender's, without waiting.
func (p *prompt) flush() outcome {
	s, stride := p.sender, p.blocks.shape().stride
	s.clock()
	_, to := s.window.span()
	for next := s.window.sent + 1; next <= to; next = s.window.sent + 1 {
		if !p.blocks.ready(next) {
			return moved
		}
		packets, through, err := p.blocks.packets(s.window.acked, next, to)
		if err != nil { // the transfer will meet it again
			return moved
		}
		taken, err := p.link.offer(packets, stride)
		switch {
		case err == nil:
			s.mark(next, through)
		case taken > 0:
			s.mark(next, next+uint64(taken/stride)-1)
		}
		if err != nil {
			if !errors.Is(err, errFull) {
				p.failed = err
			}
			return moved
		}
	}
	return dealt
}

// failure is what went wrong on the spot, once.
func (p *prompt) failure() error {
	if p == nil {
		return nil
	}
	err := p.failed
	p.failed = nil
	return err
}
