package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// A machine is one client that downloads a file.
type machine struct {
	own, server endpoint
	begun       bool // the server's port is known
	done        bool
	block       int
	window      uint64
	size, want  int64  // bytes that have come, and that the file has
	got, acked  uint64 // blocks, without rolling over
	gapped      bool
	silent      int    // retransmissions since something came
	frame       []byte // to send now, or again after silence
	pending     bool   // frame is to be sent
}

func newMachine(own, server endpoint, file string, want int64, block, window int) *machine {
	m := &machine{own: own, server: server, block: 512, window: 1, want: want, pending: true}
	request := "\x00\x01" + file + "\x00octet\x00blksize\x00" + strconv.Itoa(block) + "\x00"
	if window > 1 {
		request += "windowsize\x00" + strconv.Itoa(window) + "\x00"
	}
	m.frame = newFrame(own, server, []byte(request))
	return m
}

// take handles a packet from the server.
func (m *machine) take(d datagram) error {
	if m.done || d.port != m.own.port || m.begun && d.from != m.server.port || d.size < 4 {
		return nil
	}
	switch op := binary.BigEndian.Uint16(d.payload); {
	case op == 5:
		return fmt.Errorf("the server sent ERROR %q", d.payload[4:])
	case op == 6 && !m.begun:
		return m.begin(d)
	case op == 3 && m.begun:
		return m.data(binary.BigEndian.Uint16(d.payload[2:]), d.size)
	case op == 6: // our ACK of block 0 is under way
		return nil
	default:
		return fmt.Errorf("unexpected packet with opcode %d", op)
	}
}

// data takes the packets of one frame, the first of which has this number.
func (m *machine) data(number uint16, size int) error {
	stride := 4 + m.block
	count := uint64((size + stride - 1) / stride)
	ahead := int16(number - uint16(m.got))
	switch {
	case ahead == 1:
		return m.advance(count, int64(size)-4*int64(count))
	case ahead > 1 && m.gapped:
		return nil
	case ahead > 1:
		m.gapped = true
	case number+uint16(count)-1 != uint16(m.acked): // a repetition that asks nothing
		return nil
	}
	m.acknowledge()
	return nil
}

// advance takes blocks that were expected.
func (m *machine) advance(count uint64, size int64) error {
	m.got += count
	m.size += size
	m.gapped, m.silent = false, 0
	if m.got-m.acked > m.window {
		return fmt.Errorf("%d blocks in a window of %d", m.got-m.acked, m.window)
	}
	if m.done = size < int64(count)*int64(m.block); m.done && m.size != m.want {
		return fmt.Errorf("%d of %d bytes came", m.size, m.want)
	}
	if m.done || m.got-m.acked == m.window {
		m.acknowledge()
	}
	return nil
}

func (m *machine) acknowledge() {
	m.acked = m.got
	binary.BigEndian.PutUint16(m.frame[headLength+2:], uint16(m.got))
	m.pending = true
}

// begin takes the server's OACK: what is not in it was declined.
func (m *machine) begin(d datagram) error {
	if d.size > len(d.payload) {
		return fmt.Errorf("an OACK of %d bytes: more than this client looks at", d.size)
	}
	words := strings.Split(string(d.payload[2:]), "\x00")
	for i := 0; i+1 < len(words); i += 2 {
		value, err := strconv.Atoi(words[i+1])
		switch {
		case err != nil || value < 1:
			return fmt.Errorf("the OACK says %s %q", words[i], words[i+1])
		case words[i] == "blksize":
			m.block = value
		case words[i] == "windowsize":
			m.window = uint64(value)
		}
	}
	m.begun, m.server.port = true, d.from
	m.frame = newFrame(m.own, m.server, []byte{0, 4, 0, 0})
	m.pending = true
	return nil
}
