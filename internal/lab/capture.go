package lab

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/mdlayher/packet"
)

// allProtocols is ETH_P_ALL of packet(7).
const allProtocols = 3

// A Capture writes the frames of a wire to a pcap file.
type Capture struct {
	path   string
	conn   *packet.Conn
	file   *os.File
	done   chan struct{}
	once   sync.Once
	err    error // of writing; valid once done is closed
	frames int
}

// Capture records everything that passes on the wire until Stop or Close of
// the lab. A relative path is below the lab's folder.
func (w *Wire) Capture(path string) (*Capture, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(w.lab.dir, path)
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("capture of wire %s: %w", w.name, err)
	}
	var conn *packet.Conn
	err = w.space.do(func() error {
		nic, err := net.InterfaceByName(bridge)
		if err != nil {
			return err
		}
		if conn, err = packet.Listen(nic, packet.Raw, allProtocols, nil); err != nil {
			return err
		}
		// A bridge that is promiscuous hands up what it forwards, too.
		return conn.SetPromiscuous(true)
	})
	if err != nil {
		if conn != nil {
			err = errors.Join(err, conn.Close())
		}
		return nil, errors.Join(fmt.Errorf("capture of wire %s: %w", w.name, err), file.Close())
	}
	c := &Capture{path: path, conn: conn, file: file, done: make(chan struct{})}
	go c.record()
	w.lab.onClose(func() error { _, err := c.Stop(); return err })
	return c, nil
}

func (c *Capture) record() {
	defer close(c.done)
	buffered := bufio.NewWriter(c.file)
	writer := pcapgo.NewWriterNanos(buffered)
	c.err = writer.WriteFileHeader(65536, layers.LinkTypeEthernet)
	buf := make([]byte, 64<<10)
	for c.err == nil {
		n, _, err := c.conn.ReadFrom(buf)
		if err != nil {
			break // closed by Stop
		}
		info := gopacket.CaptureInfo{Timestamp: time.Now(), CaptureLength: n, Length: n}
		c.err = writer.WritePacket(info, buf[:n])
		c.frames++
	}
	c.err = errors.Join(c.err, buffered.Flush(), c.file.Close())
}

// settle is how long Stop lets frames arrive that the wire has carried already.
const settle = 50 * time.Millisecond

// Stop ends the capture and returns the path of the finished file.
func (c *Capture) Stop() (string, error) {
	c.once.Do(func() {
		time.Sleep(settle)
		_ = c.conn.Close()
	})
	<-c.done
	if c.err != nil {
		return c.path, fmt.Errorf("capture %s: %w", c.path, c.err)
	}
	return c.path, nil
}
