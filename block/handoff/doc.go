// Package handoff decides whether a server of disks carries a request out inline,
// in the goroutine that read it, or hands the reading over to another goroutine
// first.
//
// Most requests are quick: what they ask for is in memory. They are best carried
// out inline: nobody has to be woken, and answers leave together. But the next
// one may have to wait for a disk, or a network, and what was sent after it must
// not. So the goroutines of a connection share a [Token]:
//
//   - Who holds the token reads requests. It carries a request out itself if the
//     device has lately been quick with such ones, which [Latency] knows. Else it
//     hands the token over to another goroutine first.
//   - A request may take longer than expected. So each that is carried out inline
//     is between [Token.Begin] and [Token.End], and a [Watchdog] looks at all
//     tokens once per millisecond. Where it finds the same request as the last
//     time it takes the token away, and has the [Owner] give it to another
//     goroutine. The one that was held up learns that from End, and goes on with
//     its own request alone.
//
// For example, with requests A, which hangs, and B, which doesn't:
//
//	goroutine 1   Begin  A……………………………………………………… End: false, ends
//	watchdog              looks   looks: takes the token away
//	goroutine 2                     reads B   Begin  B  End: true, reads on
//
// A connection without requests costs nothing: the watchdog leaves it after 20 ms,
// and sleeps when there is none left. None of this allocates.
//
// A server has one Watchdog, and a goroutine of its own for [Watchdog.Run]; a
// connection has a Token, and a Latency for reads and one for writes of its
// device.
package handoff
