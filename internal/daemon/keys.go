package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spurboot/spur/internal/advice"
)

// KeysDir is the folder below that of --data in which the keys of Secure Boot are,
// or come to be. It has no links.
func KeysDir(data string) (string, error) { return ownPath(filepath.Join(data, "keys")) }

// ReadPassphrase reads the passphrase of keys: the first line of a file. It is nil
// where no file is named.
func ReadPassphrase(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--passphrase-file: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return nil, advice.New(fmt.Sprintf("--passphrase-file: the first line of %s is empty", file), "write the passphrase there")
	}
	return []byte(line), nil
}
