package nfs

// ExportID tells exports apart in handles. It is the same wherever and whenever the same
// files are exported, and another one for others, since files are told apart by their paths.
// Of 64 bytes that a handle may have it leaves none.
type ExportID [20]byte

// An Export is files that clients may mount.
type Export struct {
	ID    ExportID
	Files *Files
	// Release is called for each time that Exports returned the export, when the call that it
	// was for needs it no more. nil: nothing is to be done.
	Release func()
}

// Exports are those of a server. It may be asked by several goroutines at once.
type Exports interface {
	// ByPath finds the export of a path that a client mounts, and says what of the path is
	// behind the export's: a folder in it. ByID finds one by what is in a client's handle,
	// possibly from before a restart. Their errors wrap fs.ErrNotExist where there is none.
	ByPath(path string) (e *Export, folder string, err error)
	ByID(id ExportID) (*Export, error)
}

// Sealer makes bytes unforgeable: *seal.Key does. What they return is appended to dst.
// AppendOpen returns what AppendSeal was given, and an error of what that never returned. The
// same is always sealed as the same.
type Sealer interface {
	AppendSeal(dst, plaintext []byte) []byte
	AppendOpen(dst, sealed []byte) ([]byte, error)
}
