// Package tftp is a TFTP server and client for Linux, made for network boot:
// many small machines with peculiar firmware that want one file each, quickly.
//
// It speaks RFC 1350 (the protocol, octet and netascii), RFC 2347 (options),
// RFC 2348 (blksize, 8 to 65464 bytes), RFC 2349 (timeout and tsize) and
// RFC 7440 (windowsize). Block numbers roll over to 0, so files have no size
// limit.
//
// # Serving
//
// A [Server] asks its Read function for the [File] of every read request;
// [FS] makes such a function of any [fs.FS]. Without a Write function write
// requests are refused with ERROR 2, access violation.
//
//	server := &tftp.Server{Read: tftp.FS(os.DirFS("/srv/tftp"))}
//	err := server.ListenAndServe(ctx, ":69")
//
// Each transfer runs on a goroutine and a connected socket of its own, bound
// to the address that the client asked, so that a multi-homed host answers
// from the address the client knows (RFC 1350 section 4 leaves that to the
// server, firewalls and boot ROMs do not). Server.SinglePort sends everything
// from the server's own port instead, for networks where only that port passes.
//
// # How a transfer works
//
// Decisions are values, sockets are thin:
//
//	packet.go, request.go   bytes to values and back
//	options.go              what is agreed of the options a client asked for
//	window.go               which block goes next (the sender's state)
//	inorder.go              which block is welcome (the receiver's state)
//	blocks.go               a file laid out as ready-made DATA packets:
//	run.go                  one that can be read anywhere, a piece at a time
//	shelf.go                the pieces that transfers of one file share
//	ring.go                 one that can be read once, a window at a time
//	opening.go              what is sent before the client has shown itself
//	table.go                who has a place, and who has to give way
//	send.go, receive.go     the two loops that tie the above to a link
//	socket.go, singleport.go  the two links: own socket, server's socket
//	output.go               how many packets are sent at once
//
// A window goes out in one system call where the kernel can segment it (UDP
// GSO), and no more of a file is in memory than stays in the processor's
// caches: what is lost on the way is read again. Machines that fetch one file at a time read it once between
// them. Steady state allocates nothing.
//
// The sender never answers a repeated ACK of a lockstep transfer (the
// Sorcerer's Apprentice, RFC 1123 section 4.2.3.1), and answers one of a
// windowed transfer at most once in two windows; anything else waits for the
// retransmission timer. That runs out soon on a link whose round trips are short,
// and a client that repeats its ACK is waited for longer: files get through where
// three of ten packets are lost in each direction. After a loss the window is
// sent in smaller bursts, paced over the time a window took, because a receiver
// that loses packets of a burst is a receiver whose buffer is small. It is not
// sent in smaller windows: a receiver acknowledges after the number of blocks it
// negotiated,
// and would wait in vain for the rest of a smaller one (RFC 7440 section 4).
//
// # Strangers
//
// The source of a request may be forged, so an address that has acknowledged
// nothing is sent two packets of a file, or three small ones, and no more unless
// it asks again. No address has more than its share of the places, and whoever
// hasn't shown that it is there gives way when none is left.
//
// # Firmware
//
// What firmware does differently is written down where it is handled; look
// for "Quirk:" in this package.
package tftp
