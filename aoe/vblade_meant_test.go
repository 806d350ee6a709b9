package aoe

// The differences that are meant, by request and field, and why.
type meant = map[string]map[string]string

var (
	meantConfig = meant{
		"cut short":   {"answer": "it takes what isn't in the frame for the string"},
		"all, to set": {"answer": "one frame shall not give the disks of a whole network one string"},
	}
	meantATA = meant{
		"flush":         {"ATA status": "a drive that carried out a command is ready (ATA8-ACS 6.2)"},
		"flush, 48 bit": {"ATA error": notThere, "ATA status": notThere},
		"verify":        {"ATA error": notThere, "ATA status": notThere, "ATA count": notThere},
		"read nothing":  {"version, flags": zeroCount, "error": zeroCount, "ATA status": zeroCount},
	}
	meantAccess = meant{
		"mask: delete": {"length": "it says that it deletes, and doesn't", "argument": "the same"},
		"mask: directives that aren't there": {"version, flags": "they are a bad argument of the command", "error": "the same",
			"argument": "the same"},
		"reserved: identify":   {"data": "see meantWords"},
		"reserved: set config": {"version, flags": reserved, "error": reserved, "length": reserved, "string": reserved},
		"reserved: mask":       {"version, flags": reserved, "error": reserved, "length": reserved, "argument": reserved},
	}
	meantStrange = meant{
		"another version": {"version, flags": unsupported, "error": unsupported, "length": unsupported, "ATA count": unsupported,
			"ATA status": unsupported, "data": unsupported},
		"ATA to all":      {"answer": "only questions about the configuration are for all"},
		"another address": {"answer": "a switch floods frames that are for another machine"},
		"an error":        {"version, flags": "a request has no error", "error": "the same"},
	}
	meantWords = func() map[int]string {
		words := map[int]string{
			0: "a fixed disk", 69: trims, 105: trims, 169: trims, 80: "the versions of ATA", 82: "power, write cache",
			83: "FLUSH CACHE EXT", 84: "WRITE DMA FUA EXT", 85: "enabled: as 82", 86: "enabled: as 83", 87: "enabled: as 84",
			93: "of drives on a cable, which this isn't", 106: "the file's blocks are larger than a sector", 217: "it doesn't rotate",
			255: "an integrity word",
		}
		for word := 10; word < 47; word++ {
			words[word] = "serial number, firmware, model"
		}
		return words
	}()
)

const (
	notThere    = "it doesn't know the command"
	zeroCount   = "ATA takes none for 256 sectors, of which a frame can hold no data"
	reserved    = "what another has reserved is not to be changed"
	unsupported = "it takes any version for its own (2.3, error 5)"
	trims       = "DATA SET MANAGEMENT"
)
