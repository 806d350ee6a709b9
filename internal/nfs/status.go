package nfs

import (
	"errors"
	"fmt"
	"io/fs"
)

// status is an nfsstat3 or mountstat3, which mean the same where they have the same number.
type status uint32

const (
	statusOK          status = 0
	statusNotFound    status = 2
	statusIO          status = 5
	statusNotFolder   status = 20
	statusIsFolder    status = 21
	statusInvalid     status = 22
	statusReadOnly    status = 30
	statusNameTooLong status = 63
	statusStale       status = 70
	statusBadHandle   status = 10001
	statusTooSmall    status = 10005
	statusLater       status = 10008 // NFS3ERR_JUKEBOX: ask again
)

// Error makes a status an error, by which functions of this package say it.
func (s status) Error() string { return fmt.Sprintf("NFS status %d", uint32(s)) }

// statusOf is the status for an error. failed says that it is one of the server's own.
func statusOf(err error) (s status, failed bool) {
	switch {
	case errors.As(err, &s):
		return s, false
	case errors.Is(err, fs.ErrNotExist):
		return statusNotFound, false
	}
	return statusIO, true
}
