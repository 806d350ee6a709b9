package boot

import "testing"

func TestFileBase(t *testing.T) {
	for source, want := range map[string]string{
		"/boot/vmlinuz":                     "vmlinuz",
		"http://h/a/b/kernel?x=/y":          "kernel",
		"http://h/":                         "h",
		"https://h/os/initrd.img":           "initrd.img",
		"/":                                 "file",
		"":                                  "file",
		"http://example.test/dir/":          "dir",
		"/srv/a name with blanks/vm linuz1": "vm linuz1",
	} {
		if got := (File{Source: source}).Base(); got != want {
			t.Errorf("%q: got %q, want %q", source, got, want)
		}
	}
}
