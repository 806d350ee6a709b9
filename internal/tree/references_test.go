package tree

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// What a script has loaded and isn't there is listed with its place; what only
// a machine knows, what has been loaded under a name, and what Spur has itself
// are not.
func TestMissingFiles(t *testing.T) {
	dir := scriptFolder(t)
	const menu = "#!ipxe\nchain ../no.ipxe || shell\n"
	if err := os.WriteFile(filepath.Join(dir, "sub/menu.ipxe"), []byte(menu), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sub/sure.ipxe"), []byte("#!ipxe\nkernel gone\ngoto x\ninitrd gone2"), 0o644); err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]string{
		"kernel vmlinuz\ninitrd gone\nboot":                                                  "boot.ipxe:3 gone sure",
		"kernel --name k -t 5 gone quiet\nboot k":                                            "boot.ipxe:2 gone sure",
		"echo x\n\n# kernel a\nset x y\nkernel gone || goto failed":                          "boot.ipxe:6 gone",
		"goto there\nkernel gone\n:there\nkernel vmlinuz":                                    "boot.ipxe:3 gone",
		"iseq ${platform} efi && kernel gone || initrd gone2":                                "boot.ipxe:2 gone,boot.ipxe:2 gone2",
		"kernel vmlinuz\nkernel gone\ninitrd gone":                                           "boot.ipxe:3 gone sure",
		"chain sub/menu.ipxe\nkernel gone":                                                   "boot.ipxe:3 gone,sub/menu.ipxe:2 no.ipxe",
		"chain boot.ipxe\nchain snponly.efi":                                                 "",
		"kernel vm-${buildarch}\nkernel ${x}\nkernel http://x/gone\nkernel /gone\nboot gone": "boot.ipxe:5 /gone sure",
		"iseq a b || kernel /gone\nchain /snponly.efi\nkernel //host/gone":                   "boot.ipxe:2 /gone",
		"chain sub/sure.ipxe":                                                                "sub/sure.ipxe:2 sub/gone sure,sub/sure.ipxe:4 sub/gone2",
		"chain sub/sure.ipxe ||":                                                             "sub/sure.ipxe:2 sub/gone,sub/sure.ipxe:4 sub/gone2",
		"kernel sub/sure.ipxe":                                                               "sub/sure.ipxe:2 sub/gone,sub/sure.ipxe:4 sub/gone2",
		"imgfetch http://x/y/gone\nkernel gone\nimgfetch --name=other vmlinuz\nboot other":   "",
		"kernel ../outside\nkernel sub\nkernel wimboot":                                      "boot.ipxe:2 ../outside sure,boot.ipxe:3 sub sure,boot.ipxe:4 wimboot sure",
		"menu x\nitem vmlinuz gone\nchoose y\nset file gone\nkernel vm%6cinuz gone?a=b":      "",
		"kernel {{ ID \"gone\" }} quiet\nchain up":                                           "",
		"boot": "", "": "", "kernel": "", "kernel --name": "", "|| && ;": "",
	} {
		script = "#!ipxe\n" + script
		b, err := LocalScriptFiles(boot.File{Source: filepath.Join(dir, "boot.ipxe")}, script)
		if err != nil {
			t.Fatal(err)
		}
		tr := &Tree{ScriptFiles: b, Host: route.Host{Loaders: route.Binaries{{Build: route.Build{File: "snponly.efi"}, Path: "x"}}}}
		var got []string
		for _, r := range tr.Missing(t.Context(), "boot.ipxe", script) {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s:%d %s %s", r.Script, r.Line, r.Name, map[bool]string{true: "sure"}[r.Sure])))
			if r.Err == nil {
				t.Errorf("%q: no word why", script)
			}
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%q: %q, want %q", script, got, want)
		}
		b.Close()
	}
}

func FuzzReferences(f *testing.F) {
	f.Add("#!ipxe\nkernel --name a ${x}b || chain ../y ; boot z # c")
	f.Fuzz(func(t *testing.T, script string) {
		for _, r := range references("dir/x.ipxe", script) {
			if r.Line < 1 || r.Name == "" || strings.Contains(r.Name, "$") {
				t.Errorf("%+v", r)
			}
		}
	})
}
