package iscsi

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"testing"
	"time"
)

func TestLoginText(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	text := formatText(pair{"InitiatorName", "iqn.2026-11.example.spur:probe"}, pair{"TargetName", testTarget}, pair{"X-unknown", "1"}, pair{"MaxBurstLength", "16384"})
	for len(text) > 50 {
		a := p.loginPDU(flagContinue|4, loginOptions{}, text[:50])
		if a.flags()&flagTransit != 0 || a.dataLen() != 0 {
			t.Fatalf("%x", a.header)
		}
		text = text[50:]
	}
	a := p.loginPDU(0x87, loginOptions{}, text)
	want := formatText(pair{"TargetPortalGroupTag", "1"}, pair{"X-unknown", "NotUnderstood"}, pair{"MaxBurstLength", "16384"}, pair{"MaxRecvDataSegmentLength", "262144"})
	if !bytes.Equal(a.data, want) || a.flags() != 0x87 || a.u16(14) == 0 {
		t.Errorf("%x\n%q", a.header, a.data)
	}
}

func TestLoginRefused(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	cases := map[string]struct {
		o    loginOptions
		want LoginStatus
	}{
		"no such session": {loginOptions{tsih: 77}, LoginNoSession},
		"twice":           {loginOptions{pairs: []pair{{"MaxBurstLength", "512"}, {"MaxBurstLength", "512"}}}, LoginInitiatorError},
		"session type":    {loginOptions{pairs: []pair{{"SessionType", "Odd"}}}, LoginSessionType},
		"no such target":  {loginOptions{target: "iqn.other"}, LoginNotFound},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := dial(t, addr).login(c.o); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestRedeclared: an initiator may declare in the full feature phase how much it
// takes in a PDU.
func TestRedeclared(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{})
	p := dial(t, addr)
	p.login(loginOptions{})
	var h header
	h.start(opText, flagFinal)
	h.setITT(500)
	h.put32(20, noTag)
	h.put32(24, p.cmdSN)
	p.cmdSN++
	p.send(&h, formatText(pair{"MaxRecvDataSegmentLength", "512"}))
	if a := p.read(); a.opcode() != opTextResp || len(a.data) != 0 {
		t.Fatalf("%x %q", a.header, a.data)
	}
	p.command(reads, rw10(0x28, 0, 2), 1024, nil)
	for at := range 2 {
		if a := p.read(); a.opcode() != opDataIn || len(a.data) != 512 || a.u32(40) != uint32(512*at) {
			t.Errorf("%x", a.header)
		}
	}
}

// TestHalfOpenLogins: those who never finish keep nobody out, and are bounded.
func TestHalfOpenLogins(t *testing.T) {
	const most = 50
	addr, _, srv := testServer(t, Bounds{Logins: most})
	open := make([]net.Conn, 1000)
	for i := range open {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		open[i] = nc
		if n := srv.logins.Len(); n > most {
			t.Errorf("%d logins are under way", n)
		}
	}
	if s := dial(t, addr).login(loginOptions{}); s != LoginSuccess {
		t.Error(s)
	}
	for _, nc := range open[:len(open)-most] {
		nc.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := nc.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a login too many isn't ended: %v", err)
		}
	}
}

func TestLoginTime(t *testing.T) {
	addr, _, _ := testServer(t, Bounds{LoginTime: 10 * time.Millisecond})
	p := dial(t, addr)
	if _, err := p.nc.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// TestMutualCHAP: the target proves itself, and sees through its own challenge.
func TestMutualCHAP(t *testing.T) {
	for _, algorithm := range []string{"5", "6", "7"} {
		auth := Credentials{"in", "secret of the initiator"}.Static()
		auth.Mutual = &Credentials{"out", "secret of the target"}
		l := newLogin(Bounds{}.withDefaults().params())
		l.leading = true
		l.random = func(p []byte) { copy(p, "0123456789abcdef0123456789abcdefX") }
		l.lookup = func(string, string) (*Target, error) { return &Target{Auth: auth}, nil }
		l.step(security, operational, true, []pair{{"InitiatorName", "i"}, {"TargetName", "t"}, {"AuthMethod", "None,CHAP"}})
		reply, to, err := l.step(security, operational, true, []pair{{"CHAP_A", "99," + algorithm}})
		if err != nil || to != security || reply[0].value != algorithm {
			t.Fatal(reply, to, err)
		}
		ours := l.chap.response('0', "secret of the initiator", l.chap.challenge)
		reflected := *l
		reflected.said = maps.Clone(l.said)
		_, _, err = reflected.step(security, operational, true, []pair{{"CHAP_N", "in"}, {"CHAP_R", encodeBinary(ours)}, {"CHAP_I", "1"}, {"CHAP_C", encodeBinary(l.chap.challenge)}})
		if err == nil {
			t.Error("a reflected challenge was answered")
		}
		reply, to, err = l.step(security, operational, true, []pair{{"CHAP_N", "in"}, {"CHAP_R", encodeBinary(ours)}, {"CHAP_I", "7"}, {"CHAP_C", "0x0102030405"}})
		want := encodeBinary(l.chap.response(7, "secret of the target", []byte{1, 2, 3, 4, 5}))
		if err != nil || to != operational || reply[0] != (pair{"CHAP_N", "out"}) || reply[1].value != want {
			t.Error(reply, to, err)
		}
	}
}
