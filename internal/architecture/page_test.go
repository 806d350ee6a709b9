package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What docs/architecture.md names must be there: files by path, functions and
// types somewhere in the code.
func TestPageNamesWhatExists(t *testing.T) {
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	code := sources(t)
	for _, at := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(string(page), -1) {
		name := at[1]
		if strings.Contains(name, "/") && filepath.Ext(name) == ".go" {
			if _, err := os.Stat(filepath.Join("../..", name)); err != nil {
				t.Errorf("docs/architecture.md names %s: %v", name, err)
			}
			continue
		}
		if !regexp.MustCompile(`^[A-Za-z]+(\.[A-Za-z]+)+$`).MatchString(name) || strings.HasSuffix(name, ".efi") {
			continue
		}
		last := name[strings.LastIndex(name, ".")+1:]
		if !regexp.MustCompile(`\b(func (\([^)]*\) )?|type )`+last+`\b`).MatchString(code) && !strings.Contains(code, "\n\t"+last+"(") {
			t.Errorf("docs/architecture.md names %s, which is not in the code", name)
		}
	}
}

// sources is all Go code of the module.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
