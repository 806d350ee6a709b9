package tftp

import (
	"errors"
	"time"
)

// untilOpen is how long after the first packet a client of IPv6 that has not answered is
// sent it again.
//
// Quirk: over IPv6 edk2 (Mtftp6TransmitPacket) sends its request from a port that hears
// nobody but port 69 of the server, and opens it to the server's other ports once its
// drivers have told that the request is out. An answer that comes before is lost, mostly
// without a word: PXE has another socket that takes what comes for any port. A virtual
// machine on the same host has some microseconds for it, and misses them where the host is
// busy. edk2 asks again after 5 s, three times in all, but each time from another port, to
// which it listens no sooner. From a server with a single port it hears the answer.
const untilOpen = 200 * time.Millisecond

// recv waits for the next packet. If it would be the answer to the first packet, and that may
// have come before the client listened, the first packet is sent once more meanwhile.
func (x *exchange) recv(wait time.Duration) (int, error) {
	if wait <= untilOpen || !x.firstPacket.mayBeEarly() {
		return x.link.recv(x.buf, wait)
	}
	n, err := x.link.recv(x.buf, untilOpen)
	if errors.Is(err, ErrGone) { // as if the port were closed
		n, err = x.link.recv(x.buf, untilOpen)
	}
	if !errors.Is(err, errAgain) {
		return n, err
	}
	if err := x.firstPacket.repeat(); err != nil {
		return 0, err
	}
	return x.link.recv(x.buf, wait-untilOpen)
}
