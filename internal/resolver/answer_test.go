package resolver

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/golden"
)

// TestAnswers reads each document of testdata as the answer of an API at
// http://api.example.org/baz and compares what it boots, or why it does not.
func TestAnswers(t *testing.T) {
	base := apiAt(t, "http://api.example.org/baz")
	documents, err := filepath.Glob("testdata/*.json")
	if err != nil || len(documents) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	for _, document := range documents {
		t.Run(strings.TrimSuffix(filepath.Base(document), ".json"), func(t *testing.T) {
			body, err := os.ReadFile(document)
			if err != nil {
				t.Fatal(err)
			}
			payload, err := parseAnswer(base, body)
			if bad := strings.HasPrefix(filepath.Base(document), "bad-"); bad != (err != nil) {
				t.Errorf("error %v", err)
			}
			golden.File(t, strings.TrimSuffix(document, ".json")+".golden", show(payload, err))
		})
	}
}

func apiAt(t testing.TB, prefix string) *url.URL {
	t.Helper()
	base, err := apiBase(prefix)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// show writes a payload as text, with the files of its command line in angles.
func show(p boot.Payload, err error) string {
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "kind %s\n", p.Kind())
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s %q\n", key, value)
		}
	}
	l, _ := p.Content.(boot.Linux)
	script, _ := p.Content.(boot.Script)
	line("kernel", l.Kernel.Source)
	for _, initrd := range l.Initrds {
		line("initrd", initrd.Source)
	}
	line("cmdline", l.Cmdline.Expand(func(f boot.File) string { return "<" + f.Source + ">" }, "<up>"))
	line("message", p.Message)
	line("script", script.Text.Fill(nil, ""))
	return b.String()
}

func TestTooManyInitrds(t *testing.T) {
	body := `{"kernel": "/k", "initrd": ["/i"` + strings.Repeat(`, "/i"`, initrdsMost) + `]}`
	if _, err := parseAnswer(apiAt(t, "http://api.example.org"), []byte(body)); err == nil || !strings.Contains(err.Error(), "257 initrds") {
		t.Errorf("%v", err)
	}
}

func TestTooManyFilesOfACmdline(t *testing.T) {
	base := apiAt(t, "http://api.example.org")
	body := `{"kernel": "/k", "cmdline": "` + strings.Repeat("{{ URL `/a` }} ", cmdlineFilesMost) + `"}`
	if p, err := parseAnswer(base, []byte(body)); err != nil || len(p.Files()) != 1+cmdlineFilesMost {
		t.Errorf("%d files, %v", len(p.Files()), err)
	}
	body = strings.Replace(body, "{{ URL `/a` }}", "{{ URL `/a` }} {{ URL `/b` }}", 1)
	if _, err := parseAnswer(base, []byte(body)); err == nil || !strings.Contains(err.Error(), "257 files") {
		t.Errorf("%v", err)
	}
}

func TestAPIBase(t *testing.T) {
	for prefix, want := range map[string]string{
		"http://bar.com":               "http://bar.com/v1",
		"http://bar.com/":              "http://bar.com/v1",
		"http://bar.com/baz":           "http://bar.com/baz/v1",
		"http://bar.com/baz/":          "http://bar.com/baz/v1",
		"https://user:pw@[::1]:8443/a": "https://user:pw@[::1]:8443/a/v1",
	} {
		if got := apiAt(t, prefix).String(); got != want {
			t.Errorf("%s: got %s, want %s", prefix, got, want)
		}
	}
	for _, prefix := range []string{"", "bar.com", "ftp://bar.com", "http://", "http://bar.com/?token=1", "http://bar.com/#x", "http://u:secret@bar.com/?x", "http://[::1"} {
		if _, err := apiBase(prefix); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

// Whatever an API answers, what Spur makes of it is a URL of a known scheme or
// a clean absolute path.
func FuzzAnswer(f *testing.F) {
	documents, _ := filepath.Glob("testdata/*.json")
	for _, document := range documents {
		body, err := os.ReadFile(document)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	base := apiAt(f, "http://api.example.org/baz")
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parseAnswer(base, body)
		if err != nil {
			return
		}
		if script, ok := p.Content.(boot.Script); ok {
			if script.Text.Fill(nil, "") == "" || len(p.Files()) > 0 {
				t.Errorf("script %+v", p)
			}
			return
		}
		if kernelOf(p) == "" {
			t.Error("no kernel")
		}
		for _, file := range p.Files() {
			checkSource(t, file)
		}
	})
}

func checkSource(t *testing.T, file boot.File) {
	if !file.IsURL() {
		if !filepath.IsAbs(file.Source) || filepath.Clean(file.Source) != file.Source {
			t.Errorf("path %q", file.Source)
		}
		return
	}
	u, err := url.Parse(file.Source)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		t.Errorf("URL %q: %v", file.Source, err)
	}
}
