package replay

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/onlooker"
	"github.com/spurboot/spur/internal/record"
	"github.com/spurboot/spur/internal/wholefile"
)

// Anonymize writes a record anew, without what says whose machine and network it is.
// The new file must not be there yet.
func Anonymize(path, to string, only boot.MAC) error {
	r, err := onlooker.ReadRecord(path, only)
	if err != nil {
		return err
	}
	b, err := record.Encode(record.Anonymous(r))
	if err != nil {
		return err
	}
	err = wholefile.Create(to, b, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return advice.New(to+" is there already", "name another file")
	}
	if err != nil {
		return advice.Wrap(fmt.Errorf("write the record without addresses: %w", err), "name a file that isn't there yet, in a folder that you may write to")
	}
	return nil
}
