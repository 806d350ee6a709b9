package nbd

// The numbers of doc/proto.md of the NBD project, in its order.

// Magic numbers ("Newstyle negotiation", "Request message", "Reply message").
const (
	magicInit         uint64 = 0x4e42444d41474943 // NBDMAGIC
	magicOption       uint64 = 0x49484156454f5054 // IHAVEOPT
	magicOptionReply  uint64 = 0x0003e889045565a9
	magicRequest      uint32 = 0x25609513
	magicExtRequest   uint32 = 0x21e41c71
	magicSimpleReply  uint32 = 0x67446698
	magicChunk        uint32 = 0x668e33ef
	magicExtendedChnk uint32 = 0x6e8a278c
)

// Handshake flags; the client's are the same bits.
const (
	flagFixedNewstyle uint16 = 1 << 0
	flagNoZeroes      uint16 = 1 << 1
)

// Transmission flags.
const (
	flagHasFlags      uint16 = 1 << 0
	flagReadOnly      uint16 = 1 << 1
	flagFlush         uint16 = 1 << 2
	flagFUA           uint16 = 1 << 3
	flagTrim          uint16 = 1 << 5
	flagWriteZeroes   uint16 = 1 << 6
	flagDF            uint16 = 1 << 7
	flagMultiConn     uint16 = 1 << 8
	flagCache         uint16 = 1 << 10
	flagFastZero      uint16 = 1 << 11
	flagStatusPayload uint16 = 1 << 12
)

// Options.
const (
	optExportName      uint32 = 1
	optAbort           uint32 = 2
	optList            uint32 = 3
	optStartTLS        uint32 = 5
	optInfo            uint32 = 6
	optGo              uint32 = 7
	optStructuredReply uint32 = 8
	optListMeta        uint32 = 9
	optSetMeta         uint32 = 10
	optExtendedHeaders uint32 = 11
)

// Replies to options.
const (
	repAck         uint32 = 1
	repServer      uint32 = 2
	repInfo        uint32 = 3
	repMetaContext uint32 = 4

	repError       uint32 = 1 << 31
	repUnsupported        = repError | 1
	repPolicy             = repError | 2
	repInvalid            = repError | 3
	repTLSRequired        = repError | 5
	repUnknown            = repError | 6
	repShutdown           = repError | 7
	repTooBig             = repError | 9
)

// Pieces of information about an export.
const (
	infoExport      uint16 = 0
	infoName        uint16 = 1
	infoDescription uint16 = 2
	infoBlockSize   uint16 = 3
)

// Commands.
const (
	cmdRead        uint16 = 0
	cmdWrite       uint16 = 1
	cmdDisconnect  uint16 = 2
	cmdFlush       uint16 = 3
	cmdTrim        uint16 = 4
	cmdCache       uint16 = 5
	cmdWriteZeroes uint16 = 6
	cmdBlockStatus uint16 = 7
)

// Flags of commands.
const (
	cmdFUA        uint16 = 1 << 0
	cmdNoHole     uint16 = 1 << 1
	cmdDF         uint16 = 1 << 2
	cmdReqOne     uint16 = 1 << 3
	cmdFastZero   uint16 = 1 << 4
	cmdPayloadLen uint16 = 1 << 5
)

// Reply chunks.
const (
	chunkDone uint16 = 1 << 0 // a flag: the last one of its reply

	chunkNone        uint16 = 0
	chunkData        uint16 = 1
	chunkHole        uint16 = 2
	chunkStatus      uint16 = 5
	chunkStatusExt   uint16 = 6
	chunkError       uint16 = 1<<15 | 1
	chunkErrorOffset uint16 = 1<<15 | 2
)

// States of base:allocation.
const (
	stateHole uint32 = 1 << 0
	stateZero uint32 = 1 << 1
)

const (
	baseAllocation = "base:allocation"
	// allocationID is the number that our server gives base:allocation.
	allocationID uint32 = 1
	// maxString is the longest string of the protocol, in bytes.
	maxString = 4096
)

// mode is how requests and replies look.
type mode uint8

const (
	simple     mode = iota // NBD_SIMPLE_REPLY for all
	structured             // NBD_OPT_STRUCTURED_REPLY
	extended               // NBD_OPT_EXTENDED_HEADERS
)
