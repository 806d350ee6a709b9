package iscsi

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/spurboot/spur/block/scsi"
)

// probe is an initiator that does what a test says, however wrong.
type probe struct {
	t       testing.TB
	nc      net.Conn
	cmdSN   uint32
	tag     uint32
	tsih    uint16
	digests bool
	answers map[string]string
	in      [1 << 20]byte
	out     []byte
	answer  answer
	request header
}

// answer is a PDU of the target.
type answer struct {
	header
	data []byte
}

// Status and sense as they are on the wire.
const (
	statusGood  = byte(scsi.Good)
	statusCheck = byte(scsi.CheckCondition)
	statusBusy  = byte(scsi.Busy)

	senseFieldInUnit = 0x050e03
	senseReadError   = 0x031100
)

// sense is the sense key with its codes in an answer, 0 for none.
func (a answer) sense() int {
	if a.opcode() != opSCSIResponse || len(a.data) < 16 {
		return 0
	}
	return int(a.data[4]&0x0f)<<16 | int(a.data[14])<<8 | int(a.data[15])
}

type loginOptions struct {
	tsih, cid uint16
	isid      byte
	pairs     []pair
	target    string // or the test's
}

func dial(t testing.TB, addr string) *probe {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	return &probe{t: t, nc: nc, answers: map[string]string{}}
}

// login logs in to the test target straight from the operational stage.
func (p *probe) login(o loginOptions) LoginStatus {
	p.t.Helper()
	pairs := append([]pair{{"InitiatorName", "iqn.2026-11.example.spur:probe"}, {"TargetName", cmp.Or(o.target, testTarget)}}, o.pairs...)
	a := p.loginPDU(0x87, o, formatText(pairs...))
	got, err := parseText(a.data)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, kv := range got {
		p.answers[kv.key] = kv.value
	}
	p.tsih = a.u16(14)
	p.digests = p.answers["HeaderDigest"] == "CRC32C"
	return LoginStatus(a.u16(36))
}

func (p *probe) loginPDU(flags byte, o loginOptions, text []byte) answer {
	p.t.Helper()
	var h header
	h.start(opLogin|0x40, flags)
	h[8], h[13] = 0x80, o.isid
	h.put16(14, o.tsih)
	h.put16(20, o.cid)
	h.put32(24, p.cmdSN)
	p.send(&h, text)
	return p.read()
}

func (p *probe) send(h *header, data []byte) {
	h.setDataLen(len(data))
	b := append(p.out[:0], h[:]...)
	if p.digests {
		b = appendDigest(b, digest(h[:]))
	}
	b = append(b, data...)
	b = append(b, zeroPad[:pad(len(data))]...)
	if p.digests && len(data) > 0 {
		b = appendDigest(b, digest(data))
	}
	p.out = b
	if _, err := p.nc.Write(b); err != nil {
		p.t.Logf("send: %v", err)
	}
}

// read returns the next PDU, and a Reject's opcode when the connection ends.
func (p *probe) read() answer {
	p.t.Helper()
	a, err := p.next()
	if err != nil {
		p.t.Fatalf("read: %v", err)
	}
	return a
}

func (p *probe) next() (_ answer, err error) {
	a := &p.answer
	if _, err = io.ReadFull(p.nc, a.header[:]); err != nil {
		return *a, err
	}
	n := a.dataLen()
	space := n + pad(n)
	if p.digests {
		if _, err = io.ReadFull(p.nc, p.in[:digestSize]); err != nil {
			return *a, err
		}
		if wireDigest(p.in[:]) != digest(a.header[:]) {
			return *a, fmt.Errorf("wrong header digest")
		}
		if n > 0 {
			space += digestSize
		}
	}
	if _, err = io.ReadFull(p.nc, p.in[:space]); err != nil {
		return *a, err
	}
	a.data = p.in[:n]
	if p.digests && n > 0 && wireDigest(p.in[space-digestSize:]) != digest(a.data) {
		err = fmt.Errorf("wrong data digest")
	}
	return *a, err
}

// command sends a SCSI command; flags are those of the PDU.
func (p *probe) command(flags byte, cdb []byte, edtl int, data []byte) uint32 {
	h := &p.request
	h.start(opSCSICommand, flags|byte(simple))
	p.tag++
	h.setITT(p.tag)
	h.put32(20, uint32(edtl))
	h.put32(24, p.cmdSN)
	p.cmdSN++
	copy(h[32:], cdb)
	p.send(h, data)
	return p.tag
}

// Flags of commands.
const (
	reads  = 0xc0
	writes = 0xa0
)

func rw10(code byte, lba, count int) []byte {
	cdb := make([]byte, 10)
	cdb[0] = code
	binary.BigEndian.PutUint32(cdb[2:], uint32(lba))
	binary.BigEndian.PutUint16(cdb[7:], uint16(count))
	return cdb
}

// dataOut sends one Data-Out.
func (p *probe) dataOut(tag, ttt uint32, sn, at int, final bool, data []byte) {
	var h header
	h.start(opDataOut, 0)
	if final {
		h[1] = flagFinal
	}
	h.setITT(tag)
	h.put32(20, ttt)
	h.put32(36, uint32(sn))
	h.put32(40, uint32(at))
	p.send(&h, data)
}

// closed waits until the target closes the connection.
func (p *probe) closed() {
	p.t.Helper()
	for {
		if _, err := p.next(); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				p.t.Fatal("the connection stays open")
			}
			return
		}
	}
}
