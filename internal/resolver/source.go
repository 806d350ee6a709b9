package resolver

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/spurboot/spur/internal/boot"
)

// source makes a URL of an API's answer into the source of a boot.File: a URL
// with a host, or an absolute path for scheme file. A relative URL is resolved
// against base (RFC 3986 section 5).
func source(base *url.URL, ref string) (string, error) {
	if err := (boot.File{Source: ref}).Check(); err != nil {
		return "", err
	}
	u, err := base.Parse(ref)
	if err != nil {
		return "", fmt.Errorf("%q is no URL: %w", ref, causeOf(err))
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return "", fmt.Errorf("%q names no server", ref)
		}
		// What is escaped may have become longer.
		return u.String(), boot.File{Source: u.String()}.Check()
	case "file":
		return localPath(u)
	}
	return "", fmt.Errorf("%q has scheme %s; http, https and file are possible", ref, u.Scheme)
}

// causeOf leaves out what url.Error repeats.
func causeOf(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// localPath is the path that a file URL names on this machine (RFC 8089). It
// is cleaned, so that no path looks like a URL.
func localPath(u *url.URL) (string, error) {
	if u.Host != "" && u.Host != "localhost" {
		return "", fmt.Errorf("%q names the machine %q; a file URL has three slashes: file:///path", u.Redacted(), u.Host)
	}
	if !strings.HasPrefix(u.Path, "/") || strings.HasSuffix(u.Path, "/") || strings.ContainsRune(u.Path, 0) {
		return "", fmt.Errorf("%q names no file; it looks like file:///path/to/file", u.Redacted())
	}
	name := path.Clean(u.Path)
	return name, boot.File{Source: name}.Check()
}
