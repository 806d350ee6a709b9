// Package turn is how a server of disks deals with requests of which nobody knows
// whether they will be quick.
//
// Most are: what they ask for is in memory. Then it is best if one goroutine
// reads requests and carries them out itself, one after the other: nothing is
// handed over, nobody has to be woken, and answers leave together. But the next
// one may have to wait for a disk, or a network, and what was sent after it must
// not. So the goroutines of a connection take turns:
//
//   - Who has the turn reads requests. It carries a request out itself if the
//     device has lately been quick with such ones: [Speed] knows. Else it passes
//     the turn to another goroutine first.
//   - A request may take longer than expected. So each is carried out between
//     [Turn.Begin] and [Turn.End], and a [Patrol] walks along all connections, once
//     per millisecond. Where it finds the same request as the last time it takes
//     the turn away, and has the [Owner] give it to another goroutine. The one
//     that was held up learns that from End, and goes on with its own request
//     alone.
//
// A connection without requests costs nothing: the patrol leaves it after 20 ms,
// and sleeps when there is none left. None of this allocates.
//
// A server has one Patrol, and a goroutine of its own for [Patrol.Walk]; a
// connection has a Turn, and a Speed for reads and one for writes of its device.
package turn
