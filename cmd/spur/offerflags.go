package main

import (
	"github.com/spf13/cobra"

	"github.com/spurboot/spur/internal/daemon"
)

// offerFlags are the flags that shape what a machine is offered.
type offerFlags struct {
	httpsFlags
	bootloaderFlags
	dhcp      string
	httpPort  uint16
	tftpPort  uint16
	nbdPort   uint16
	nfsPort   uint16
	iscsiPort uint16
	data      string
}

func (f *offerFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Uint16Var(&f.httpPort, "http-port", 80, "`port` of the HTTP server; 0 for nothing over plain HTTP, with --https-port")
	f.addHTTPS(flags)
	flags.Uint16Var(&f.tftpPort, "tftp-port", 69, "`port` of the TFTP server; firmware knows no other than 69")
	flags.Uint16Var(&f.nfsPort, "nfs-port", 2049, "`port` of the NFS server, for --root nfs; ports 111 and 627 are for it as well")
	flags.Uint16Var(&f.nbdPort, "nbd-port", daemon.NBDPort, "`port` of the NBD server, for --root nbd")
	flags.Uint16Var(&f.iscsiPort, "iscsi-port", daemon.ISCSIPort, "`port` of the iSCSI target, for --root iscsi")
	f.addLoaders(flags)
}
