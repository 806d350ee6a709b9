// Package lab is an isolated wire with computers on it: what Spur's boot tests,
// benchmarks, `spur lab` and `make demo` run on.
//
// A [Lab] owns [Wire]s, which are Ethernet bridges in network namespaces of
// their own, and what is plugged into them: a [Host] is a namespace with an
// address, in which programs run and sockets are opened; a [Machine] is a QEMU
// guest with real firmware that boots over the wire. Nothing of it can be seen
// from the network of the computer it runs on.
//
//	l, err := lab.New(ctx, lab.Options{})
//	defer l.Close()
//	wire, err := l.Wire("wire")
//	server, err := l.Host("server", lab.On(wire, "10.77.0.1/24"))
//	dhcp, err := lab.DNSMasq{Host: server, Range: "10.77.0.50,10.77.0.99,1h"}.Start(ctx)
//	machine, err := l.Boot("machine", lab.Hardware{Firmware: lab.UEFI, Ports: []lab.Port{{Wire: wire}}})
//	up, err := machine.WaitFor(ctx, lab.Up)
//
// A machine's cable goes from QEMU straight to a tap on the bridge, or through
// a relay of ours where frames are to be lost ([Loss]), seen or changed
// ([Filter]). One such change makes Debian's BIOS option ROM, which is iPXE,
// pass for another maker's ([Port].PlainROM). What a machine does is known from
// its serial port, a [Console] to wait on, and from its screen.
//
// Other people's programs are at hand as peers: dnsmasq, Kea, dhcrelay,
// dhclient, udhcpc. [Initramfs] makes a small Linux that says on the serial
// port that it is up, and with what.
//
// Everything goes when the lab is closed, its context ends, or, at the start of
// the next lab, when the process that made it was killed: names of namespaces
// and folders begin with spur-<pid>-<n>, and processes carry that name in their
// environment. Labs may run side by side.
//
// A lab needs Linux, root, and the Debian packages of scripts/install; what is
// missing is named by a [MissingError].
package lab
