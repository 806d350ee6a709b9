package lab

import (
	"io"
	"sync"
)

// Direction is the way a frame goes through a relay.
type Direction uint8

// The two ways: from the machine or host to the wire, and back.
const (
	ToWire Direction = iota
	FromWire
)

// A Filter sees each frame that a relay carries, and returns what goes on: the
// frame, another one, or nil to lose it. The frame is the filter's until it
// returns. It is called from one goroutine for each direction.
type Filter interface {
	Frame(way Direction, frame []byte) []byte
}

// relay carries frames between an end (a machine's or host's) and the wire,
// through the filters in order, until the lab is closed. It owns both ends.
func (l *Lab) relay(end, wire io.ReadWriteCloser, filters ...Filter) {
	var running sync.WaitGroup
	running.Go(func() { carry(wire, end, ToWire, filters) })
	running.Go(func() { carry(end, wire, FromWire, filters) })
	l.onClose(func() error {
		_, _ = end.Close(), wire.Close()
		running.Wait()
		return nil
	})
}

// carry ends when from is closed. A frame that to doesn't take is lost, as on
// a wire.
func carry(to io.Writer, from io.Reader, way Direction, filters []Filter) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		frame := buf[:n]
		for _, f := range filters {
			if frame = f.Frame(way, frame); frame == nil {
				break
			}
		}
		if frame != nil {
			_, _ = to.Write(frame)
		}
	}
}
