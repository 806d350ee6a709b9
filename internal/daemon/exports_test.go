package daemon

import (
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
)

// Where a system can't be told the port of its image, which isn't the usual one, that is said;
// and a target that needs what wasn't opened at the start is refused.
func TestExportPorts(t *testing.T) {
	image := func(words ...boot.ExportWord) (files []boot.File) {
		for _, w := range words {
			files = append(files, boot.File{Source: "/arch.iso", Told: boot.Export{Over: boot.NBD, Word: w}})
		}
		return files
	}
	for _, tt := range []struct {
		port  uint16
		files []boot.File
		warns bool
	}{
		{NBDPort, image(boot.ExportServer, boot.ExportName), false},
		{10810, image(boot.ExportServer, boot.ExportName), true},
		{10810, image(boot.ExportServer, boot.ExportPort, boot.ExportName), false},
	} {
		var out strings.Builder
		c := Config{NBDPort: tt.port, Out: &out}
		d := &daemon{config: c, notices: newNotices(c), exports: []boot.Protocol{boot.NBD}, exported: tt.files}
		d.warnOfPorts(false)
		if warns := strings.Contains(out.String(), "looks for its image over NBD on port 10809; leave --nbd-port out, or choose another --root"); warns != tt.warns {
			t.Errorf("on port %d: %q", tt.port, &out)
		}
		if d.checkExports([]boot.Protocol{boot.NBD}) != nil || d.checkExports([]boot.Protocol{boot.ISCSI}) == nil {
			t.Error("what is served is mistaken")
		}
	}
}

// The port of the portmapper matters to systems that ask there, and to them alone.
func TestPortmapTaken(t *testing.T) {
	for _, tt := range []struct {
		port  uint16
		words []boot.ExportWord
		warns string
	}{
		{2049, []boot.ExportWord{boot.ExportServer, boot.ExportName}, "the system of mint.iso, which can't be told the port of NFS, asks there for it"},
		{2049, []boot.ExportWord{boot.ExportServer, boot.ExportPort, boot.ExportName}, ""},
		{2050, []boot.ExportWord{boot.ExportServer, boot.ExportPort, boot.ExportName}, "asks there for the mount protocol"},
	} {
		var out strings.Builder
		c := Config{NFSPort: tt.port, Out: &out}
		d := &daemon{config: c, notices: newNotices(c), exports: []boot.Protocol{boot.NFS}}
		for _, w := range tt.words {
			d.exported = append(d.exported, boot.File{Source: "/mint.iso", Told: boot.Export{Over: boot.NFS, Word: w, IPv4: true}})
		}
		d.warnOfPorts(false)
		if out.Len() > 0 {
			t.Errorf("nobody has it: %q", &out)
		}
		d.warnOfPorts(true)
		if got := out.String(); !strings.Contains(got, tt.warns) || (got == "") != (tt.warns == "") {
			t.Errorf("port %d, told %v: %q", tt.port, tt.words, got)
		}
	}
}

// Two servers don't get one port, of which those that systems don't look for can be any.
func TestPortsAlike(t *testing.T) {
	usual := Config{HTTPPort: 80, NFSPort: 2049, NBDPort: NBDPort, ISCSIPort: ISCSIPort}
	all := []boot.Protocol{boot.NBD, boot.ISCSI, boot.NFS}
	for _, tt := range []struct {
		change func(*Config)
		served []boot.Protocol
		want   string
	}{
		{func(*Config) {}, all, ""},
		{func(c *Config) { c.NBDPort = 3260 }, all, "--nbd-port and --iscsi-port are the same port, 3260"},
		{func(c *Config) { c.NBDPort = 3260 }, []boot.Protocol{boot.NBD}, ""},
		{func(c *Config) { c.HTTPS.Port = 80 }, nil, "--http-port and --https-port are the same port, 80"},
		{func(c *Config) { c.HTTPPort = 0 }, all, ""},
		{func(c *Config) { c.NFSPort = 80 }, all, "--http-port and --nfs-port are the same port, 80"},
		{func(c *Config) { c.HTTPPort = 111 }, all, "--http-port 111 is the port of NFS's portmapper"},
		{func(c *Config) { c.NBDPort = 627 }, all, "--nbd-port 627 is the port of NFS's mount protocol"},
		{func(c *Config) { c.NFSPort = 111 }, all, ""},
	} {
		c := usual
		tt.change(&c)
		err := c.checkPorts(c.exportPorts(tt.served, nil))
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
