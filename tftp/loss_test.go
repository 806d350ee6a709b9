package tftp

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// A lossy is a link to a client on a network that loses packets in both
// directions and takes a millisecond for the others.
type lossy struct {
	loss     float64
	toClient way
	toServer way
	gone     chan struct{} // the client has closed its port
}

// A way is one direction, with dice of its own.
type way struct {
	dice    *rand.Rand
	packets chan []byte
}

func newWay(seed, number uint64) way {
	return way{rand.New(rand.NewPCG(seed, number)), make(chan []byte, 64)}
}

const flight = time.Millisecond

func (l *lossy) throw(to way, p []byte) {
	if to.dice.Float64() < l.loss {
		return
	}
	time.AfterFunc(flight, func() {
		select {
		case to.packets <- p:
		default: // as a full socket buffer
		}
	})
}

func (l *lossy) send(p []byte, stride int) error {
	for len(p) > 0 {
		n := min(len(p), stride)
		l.throw(l.toClient, append([]byte(nil), p[:n]...))
		p = p[n:]
	}
	return nil
}

func (l *lossy) recv(buf []byte, wait time.Duration) (int, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case p := <-l.toServer.packets:
		return copy(buf, p), nil
	case <-l.gone:
		return 0, ErrGone
	case <-timer.C:
		return 0, errAgain
	}
}

// A habit is how a client goes about a transfer.
type habit struct {
	window  uint16
	repeats []time.Duration // when it sends its last ACK again; it gives up after the last
	mute    bool            // it does so for the first block only
	named   time.Duration   // timeout option that it asks for
}

// fetch takes a file of so many blocks, the way that clients do, and reports
// whether it got it.
func (h habit) fetch(l *lossy, blocks uint16) bool {
	defer close(l.gone)
	ack := func(n uint16) { l.throw(l.toServer, []byte{0, opAck, byte(n >> 8), byte(n)}) }
	got, acked, try := uint16(0), uint16(0), 0
	for try < len(h.repeats) {
		timer := time.NewTimer(h.repeats[try])
		select {
		case <-timer.C:
			if try++; !h.mute || got == 0 {
				acked = got
				ack(got)
			}
			continue
		case p := <-l.toClient.packets:
			timer.Stop()
			if p[1] == opOACK {
				ack(got)
				continue
			}
			n := binary.BigEndian.Uint16(p[2:])
			switch n {
			case got + 1:
				got, try = n, 0
			case got: // the server missed the ACK
				ack(got)
				continue
			default:
				continue
			}
		}
		if got == blocks || got-acked >= h.window {
			acked = got
			ack(got)
		}
		if got == blocks {
			return true
		}
	}
	return false
}

func every(d time.Duration, times int) (all []time.Duration) {
	for range times {
		all = append(all, d)
	}
	return all
}

// Clients with the habits of real ones get their file through much loss, and
// little later than the lost packets make it. One that never says that it lacks
// something has only the sender's patience.
func TestLoss(t *testing.T) {
	const blocks, runs = 100, 40
	busybox := []time.Duration{}
	for d := 100 * time.Millisecond; len(busybox) < 12; d = min(d*3/2, 2*time.Second) {
		busybox = append(busybox, d)
	}
	for _, c := range []struct {
		name string
		habit
		least int // that finish at a loss of 30 %
	}{
		{"atftp", habit{window: 1, repeats: every(5*time.Second, 5)}, runs - 1},
		{"atftp, windows of 8", habit{window: 8, repeats: every(5*time.Second, 5)}, runs - 1},
		{"curl, which names 6 s", habit{window: 1, repeats: every(5*time.Second, 50), named: 6 * time.Second}, runs - 1},
		{"busybox", habit{window: 1, repeats: busybox}, runs - 1},
		{"a ROM that repeats nothing and waits", habit{window: 1, repeats: every(10*time.Second, 24), mute: true}, runs / 2},
	} {
		for _, share := range []struct {
			loss float64
			most time.Duration // on average
		}{{0.1, 10 * time.Second}, {0.2, 30 * time.Second}, {0.3, 90 * time.Second}} {
			done, took := 0, time.Duration(0)
			for seed := range uint64(runs) {
				ok, d := c.habit.through(t, share.loss, seed, blocks)
				took += d
				if ok {
					done++
				}
			}
			mean := (took / runs).Round(100 * time.Millisecond)
			t.Logf("%s, loss %.0f %%: %d of %d, %v", c.name, share.loss*100, done, runs, mean)
			least := runs - 1
			if share.loss == 0.3 {
				least = c.least
			}
			if done < least || c.least == runs-1 && mean > share.most {
				t.Errorf("%s, loss %.0f %%: %d of %d finished, in %v", c.name, share.loss*100, done, runs, mean)
			}
		}
	}
}

// through has a client fetch a file, on a clock of its own.
func (h habit) through(t *testing.T, loss float64, seed uint64, blocks uint16) (done bool, took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		l := &lossy{loss: loss, toClient: newWay(seed, 1), toServer: newWay(seed, 2), gone: make(chan struct{})}
		agreed := terms{blockSize: 8, windowSize: int(h.window), timeout: h.named, size: int64(blocks)*8 - 1}
		b := newBlocks(Bytes(make([]byte, agreed.size)), Octet, agreed.size, agreed.blockSize, agreed.windowSize, newBlockCache())
		defer b.close()
		s := newSender(newExchange(l, agreed, newTimer(0, 0, h.named)), b)
		s.firstPacket = new(firstPacket)
		began := time.Now()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if reason, err := s.offer(appendOACK(nil, Options{{OptSize, "799"}})); reason == Completed && err == nil {
				_, _ = s.run()
			}
		}()
		done = h.fetch(l, blocks)
		took = time.Since(began)
		<-ended
	})
	return done, took
}
