package timeline

import "time"

// How long each silence is waited out before it is a verdict.
const (
	// heardPatience: a PXE ROM waits for offers for 4, 8, 16 and 32 s (PXE 2.1;
	// mPxeDhcpTimeout in edk2's PxeBcDhcp4.c) and chooses when such a wait ends.
	// Where other servers would be heard and none was in two waits, the third
	// makes no difference: dnsmasq pings an address for 3 s before it offers it,
	// others for less.
	heardPatience = 15 * time.Second
	// deafPatience: where other servers are not heard, only the REQUEST tells of
	// them, which comes 28 s after the first DISCOVER if the third wait was the
	// one in which an offer came.
	deafPatience = 30 * time.Second
	// refusalPatience: less than two waits of a PXE ROM, more than the first
	// ones of iPXE, which are so short that both may have lost a packet.
	refusalPatience = 10 * time.Second
	// longestWait is the longest that firmware waits for offers.
	longestWait = 35 * time.Second
	// bootPatience: a ROM goes to port 4011 or starts its transfer as soon as
	// its address is acknowledged; edk2 repeats that request after 3 s
	// (PXEBC_UDP_TIMEOUT), so that 10 s are three requests.
	bootPatience = 10 * time.Second
	// ipxePatience: an iPXE that has IPv6 goes on only when the search for an
	// IPv6 router has ended as well: 26 s where there is none, seen with
	// Debian's undionly.kpxe and snponly.efi of 2019.
	ipxePatience = 45 * time.Second
	// loaderPatience: a loader resets the network card, so the switch port may
	// have to come up (and PortFast-less STP takes 30 s), before it asks.
	loaderPatience = 30 * time.Second
	// resumePatience: firmware repeats what it did not get within its own
	// retransmissions, which in edk2 are 4 s apart (PXEBC_MTFTP_TIMEOUT).
	resumePatience = 15 * time.Second
	// stallPatience: longer than a TCP sender's back-off in a short outage.
	stallPatience = 30 * time.Second
	// kernelPatience: a script fetches its kernel at once, unless it has a
	// menu or a prompt.
	kernelPatience = 30 * time.Second
	// lifePatience: a server's kernel may take minutes to find its disks and
	// its network before it says that it is up.
	lifePatience = 3 * time.Minute
	// closingPatience stands for the silence after an attempt that the machine
	// itself gave up: longer than all that are failures, shorter than the one
	// that is not.
	closingPatience = time.Minute
	// silencePatience: ROMs repeat their DISCOVER after 4 s, the script that
	// says what is wrong asks again after 10 s.
	silencePatience = 12 * time.Second
	// loopLoads is how many times a loader is fetched without asking for a
	// script until it is a loop; twice may be a retry.
	loopLoads = 3
	// loopKernels is how many times a kernel is fetched until it is clear that
	// it does not start, in one boot or in one after the other.
	loopKernels = 3
)
