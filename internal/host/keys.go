package host

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/datafolder"
	"github.com/spurboot/spur/internal/efi/keys"
	"github.com/spurboot/spur/internal/wholefile"
)

// KeysDir is the folder below that of --data in which the keys of Secure Boot are,
// or come to be. It has no links.
func KeysDir(data string) (string, error) {
	data, err := datafolder.Own(data)
	if err != nil {
		return "", err
	}
	return datafolder.Own(filepath.Join(data, "keys"))
}

// passphraseFileMost bounds the file of a passphrase, in bytes.
const passphraseFileMost = 64 << 10

// ReadPassphrase reads the passphrase of keys: the first line of a file. It is nil
// where no file is named.
func ReadPassphrase(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	text, err := wholefile.Read(file, passphraseFileMost)
	if err != nil {
		return nil, advice.Wrap(fmt.Errorf("--passphrase-file: %w", err), "name a file whose first line is the passphrase")
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return nil, advice.New(fmt.Sprintf("--passphrase-file: the first line of %s is empty", file), "write the passphrase there")
	}
	return []byte(line), nil
}

// SigningKey is the key, below the folder of --data, with which EFI applications are signed; nil where there is
// none.
func SigningKey(data string) (*keys.Kept, error) {
	if data == "" {
		return nil, nil
	}
	dir, err := KeysDir(data)
	if err != nil {
		return nil, err
	}
	have, err := keys.Read(dir)
	if err != nil {
		return nil, err
	}
	for _, k := range have {
		if k.Role == keys.DB {
			return &k, nil
		}
	}
	return nil, nil
}
