package resolver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

const (
	// initrdsMost is how many initrds one answer may name.
	initrdsMost = 256
	// cmdlineFilesMost is how many files its command line may name: each is sealed
	// for every machine anew, and becomes longer by that than it was.
	cmdlineFilesMost = 256
)

// answer is the JSON document of Pixiecore's API. Fields that it does not name
// are ignored.
type answer struct {
	Kernel  string   `json:"kernel"`
	Initrd  []string `json:"initrd"`
	Cmdline any      `json:"cmdline"`
	Message string   `json:"message"`
	Script  string   `json:"ipxe-script"`
}

// parseAnswer makes a payload of the body of an answer. base is the URL of the
// API, <prefix>/v1. What follows the JSON document is ignored, as Pixiecore does.
func parseAnswer(base *url.URL, body []byte) (boot.Payload, error) {
	var a answer
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&a); err != nil {
		return boot.Payload{}, explainJSON(err)
	}
	if a.Script != "" {
		var script boot.Script
		script.Text.Text(a.Script) // as it is: Pixiecore fills nothing in
		return boot.Payload{Content: script}, nil
	}
	if a.Kernel == "" {
		return boot.Payload{}, errors.New(`it names no "kernel"`)
	}
	if len(a.Initrd) > initrdsMost {
		return boot.Payload{}, fmt.Errorf("it names %d initrds; at most %d are possible", len(a.Initrd), initrdsMost)
	}
	return a.payload(base)
}

// explainJSON says in the API's terms what the decoder says in Go's.
func explainJSON(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	}
	mistyped := (*json.UnmarshalTypeError)(nil)
	switch {
	case !errors.As(err, &mistyped):
		return fmt.Errorf("it is no JSON document: %w", err)
	case mistyped.Field == "":
		return fmt.Errorf("it is of JSON type %s; an object is wanted", mistyped.Value)
	}
	return fmt.Errorf("its field %q is of JSON type %s, which does not belong there", mistyped.Field, mistyped.Value)
}

func (a answer) payload(base *url.URL) (boot.Payload, error) {
	var l boot.Linux
	kernel, err := source(base, a.Kernel)
	if err != nil {
		return boot.Payload{}, fmt.Errorf("its kernel: %w", err)
	}
	l.Kernel.Source = kernel
	for _, ref := range a.Initrd {
		initrd, err := source(base, ref)
		if err != nil {
			return boot.Payload{}, fmt.Errorf("its initrd: %w", err)
		}
		l.Initrds = append(l.Initrds, boot.File{Source: initrd})
	}
	l.Cmdline, err = a.cmdline(base)
	return boot.Payload{Content: l, Message: a.Message}, err
}

// cmdline reads the command line in either of its forms.
func (a answer) cmdline(base *url.URL) (boot.Template, error) {
	var text string
	switch c := a.Cmdline.(type) {
	case nil:
	case string:
		text = c
	case map[string]any:
		var err error
		if text, err = joinCmdline(c); err != nil {
			return boot.Template{}, err
		}
	default:
		return boot.Template{}, fmt.Errorf("its cmdline is %s; a string is wanted", jsonType(c))
	}
	parsed, err := boot.ParseCmdline(text)
	if err != nil {
		return boot.Template{}, err
	}
	if n := len(parsed.Files()); n > cmdlineFilesMost {
		return boot.Template{}, fmt.Errorf("its cmdline names %d files; at most %d are possible", n, cmdlineFilesMost)
	}
	return parsed.MapFiles(func(ref string) (string, error) { return source(base, ref) })
}

// joinCmdline writes the old form of the command line, an object, as the text
// that Pixiecore makes of it: keys in order, any boolean a bare key (false
// too), a string quoted, an object with a url a file.
func joinCmdline(object map[string]any) (string, error) {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		switch value := object[key].(type) {
		case bool:
			words = append(words, key)
		case string:
			words = append(words, fmt.Sprintf("%s=%q", key, value))
		case map[string]any:
			ref, ok := value["url"].(string)
			if !ok {
				return "", fmt.Errorf("its cmdline has an object for %q that names no \"url\"", key)
			}
			words = append(words, fmt.Sprintf("%s={{ URL %q }}", key, ref))
		default:
			return "", fmt.Errorf("its cmdline has %s for %q; a string, true or {\"url\": …} is wanted", jsonType(value), key)
		}
	}
	return strings.Join(words, " "), nil
}

func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}
