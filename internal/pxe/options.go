package pxe

// The DHCP options of this package's trade.
const (
	optRootPath  = 17
	optVendor    = 43
	optMsgType   = 53
	optServerID  = 54
	optRequested = 55
	optClass     = 60
	optServer    = 66
	optFile      = 67
	optUserClass = 77
	optRelay     = 82
	optArch      = 93
	optNDI       = 94
	optUUID      = 97
	optIPXE      = 175

	// Of RFC 5071.
	optPXELINUXConfig = 209
	optPXELINUXPrefix = 210
)

// Sub-options of option 43 (PXE 2.1 table 2-1).
const (
	subDiscoveryControl = 6
	subDiscoveryGroup   = 7
	subBootServers      = 8
	subMenu             = 9
	subPrompt           = 10
	subBootItem         = 71
	subEnd              = 255
	subPad              = 0

	// useBootFile is bit 3 of the discovery control: boot the file of this
	// offer, without prompt, menu or discovery.
	useBootFile = 8
	// noBroadcast and noMulticast are bits 0 and 1 of it: boot servers are only
	// looked for where they are listed.
	noBroadcast, noMulticast = 1, 2
	// wantsCredentials is the highest bit of a PXE_BOOT_ITEM's layer: what is
	// asked for is not the boot file, but what proves that it is genuine (BIS).
	wantsCredentials = 0x8000
)

// suboptions reads options inside an option, up to the end or to one that
// doesn't fit. A second one of a code is ignored.
func suboptions(v []byte) map[uint8][]byte {
	all := map[uint8][]byte{}
	for len(v) >= 1 && v[0] != subEnd {
		if v[0] == subPad {
			v = v[1:]
			continue
		}
		if len(v) < 2 || len(v) < 2+int(v[1]) {
			break
		}
		if _, twice := all[v[0]]; !twice {
			all[v[0]] = v[2 : 2+int(v[1])]
		}
		v = v[2+int(v[1]):]
	}
	return all
}
