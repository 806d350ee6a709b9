package iscsi

import (
	"context"
	"net"
	"testing"
	"time"
)

func FuzzText(f *testing.F) {
	f.Add(formatText(pair{"MaxBurstLength", "0x200"}, pair{"HeaderDigest", "CRC32C,None"}))
	f.Add([]byte("a=\x00\x00=b\x00"))
	f.Fuzz(func(t *testing.T, p []byte) {
		pairs, err := parseText(p)
		if err != nil {
			return
		}
		again, err := parseText(formatText(pairs...))
		if err != nil || len(again) != len(pairs) {
			t.Fatalf("%q came back as %q, %v", pairs, again, err)
		}
	})
}

func FuzzLogin(f *testing.F) {
	f.Add(byte(0x87), byte(0x87), []byte("InitiatorName=i\x00TargetName=t\x00AuthMethod=CHAP\x00"), []byte("CHAP_A=5\x00"))
	f.Add(byte(0x81), byte(0x87), []byte("InitiatorName=i\x00SessionType=Discovery\x00AuthMethod=CHAP,None\x00"), []byte("MaxRecvDataSegmentLength=0\x00CHAP_R=0x\x00"))
	f.Fuzz(func(t *testing.T, a, b byte, one, two []byte) {
		l := newLogin(Bounds{}.withDefaults().params())
		l.leading, l.random = true, func([]byte) {}
		l.lookup = func(string, string) (*Target, error) { return &Target{Auth: Credentials{"u", "s"}.Static()}, nil }
		for i, text := range [][]byte{one, two, one, two} {
			pairs, err := parseText(text)
			if err != nil {
				return
			}
			flags := []byte{a, b}[i%2]
			_, to, err := l.step(stage(flags>>2&3), stage(flags&3), flags&0x80 != 0, pairs)
			if err != nil {
				return
			}
			if to != security && l.auth != nil && !l.proven {
				t.Fatal("let in without proof")
			}
		}
	})
}

// FuzzSession sends bytes in full feature phase.
func FuzzSession(f *testing.F) {
	var h header
	h.start(opSCSICommand, writes)
	h.setITT(1)
	h.put32(20, 1024)
	copy(h[32:], rw10(0x2a, 0, 2))
	h.setDataLen(512)
	seed := append(append([]byte{}, h[:]...), make([]byte, 512)...)
	h.start(opDataOut, 0x80)
	h.setITT(1)
	h.put32(20, 1)
	f.Add(append(append([]byte{}, seed...), h[:]...))
	h.start(opSCSICommand, writes)
	h[4] = 4
	h.put32(20, 512)
	f.Add(append(append([]byte{}, h[:]...), 0, 5, ahsLongCDB, 0, 0, 0, 0, 0, 0, 5, ahsBidirectional, 0, 0, 0, 2, 0))
	for _, op := range []opcode{opNOPOut, opTaskMgmt, opText, opLogout, opSNACK, opLogin} {
		h.start(op|0x40, 0x85)
		f.Add(append([]byte{}, h[:]...))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		a, b := net.Pipe()
		l := &oneListener{conns: make(chan net.Conn, 1), done: make(chan struct{})}
		l.conns <- b
		srv := &Server{
			Bounds:  Bounds{Grace: time.Millisecond, MaxTransfer: 1 << 20},
			Targets: Static(&Target{Name: testTarget, LUNs: map[uint64]*LUN{0: {Device: newMemory(1 << 20)}}}),
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- srv.Serve(ctx, l) }()
		c := &probe{t: t, nc: a, answers: map[string]string{}}
		c.login(loginOptions{})
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			for {
				if _, err := a.Read(make([]byte, 4096)); err != nil {
					return
				}
			}
		}()
		a.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = a.Write(p)
		a.Close()
		<-drained
		stop()
		<-done
		if left := srv.memory.Left(); left != srv.bounds.TotalMemory {
			t.Fatalf("%d bytes are still held at the end", srv.bounds.TotalMemory-left)
		}
	})
}

// oneListener is a listener for pipes.
type oneListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *oneListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *oneListener) Close() error {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}

func (l *oneListener) Addr() net.Addr { return &net.TCPAddr{} }
