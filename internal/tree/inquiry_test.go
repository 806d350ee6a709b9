package tree

import (
	"net/url"
	"strings"
	"testing"

	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// An iPXE whose machine may be known by its serial number is asked for it, and led to what
// that says under a name that keeps it. One that has none, that can't tell it, or that
// tells what can be none, boots what such machines do.
func TestInquiry(t *testing.T) {
	tr, _ := newTree(t)
	by := func(serial string) Asker {
		a := overHTTP
		a.Query = url.Values{serialKey: {serial}}
		return a
	}
	kernel := func(title string, item uint16) boot.Payload {
		return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "http://up/" + title}}, Item: item}
	}
	otherwise := uint16(0x4001)
	tr.Resolver = resolverFunc(func(c boot.Client) (boot.Payload, error) {
		switch {
		case c.Serial == "A b&c" || c.Item == 0x4002:
			return kernel("known", 0x4002), nil
		case c.Item == 0x4001:
			return kernel("other", 0x4001), nil
		case c.Serial != "":
			return boot.Payload{}, boot.ErrIgnore
		}
		return boot.Payload{Content: boot.Inquiry{Else: otherwise}}, nil
	})
	name := tr.Path(ipxe, ipxeHTTP)
	if got := read(t, tr, name, overHTTP); !strings.HasPrefix(got, "#!ipxe\nchain --replace --autofree boot.ipxe?serial=${serial:uristring} ||\necho") || !strings.Contains(got, "chain --replace --autofree ${cwuri}") {
		t.Errorf("it is asked by\n%s", got)
	}
	for _, c := range []struct {
		asker Asker
		title string
		item  uint16
	}{
		{by(" A b&c "), "known", 0x4002}, {by(""), "other", 0x4001}, {by("\x01"), "other", 0x4001}, {by(strings.Repeat("x", 1000)), "other", 0x4001}, {overTFTP, "other", 0x4001},
	} {
		script := read(t, tr, name, c.asker)
		if !strings.Contains(script, "echo Spur boots "+c.title+"\nchain --replace --autofree http://10.0.0.1/") {
			t.Errorf("%v: %s", c.asker, script)
			continue
		}
		_, rest, _ := strings.Cut(script, "http://10.0.0.1/")
		path, _, _ := strings.Cut(rest, " ")
		sealed, _ := Split(path)
		if n, err := tr.Names.Open(sealed); err != nil || n.Client.Item != c.item || n.Client.MAC != ipxe.MAC {
			t.Errorf("%s leads to %+v, %v", c.title, n, err)
		}
		if boots := read(t, tr, path, overHTTP); !strings.Contains(boots, "echo Spur boots "+c.title+" on ") || !strings.Contains(boots, "\nkernel ") {
			t.Errorf("%s boots by\n%s", c.title, boots)
		}
	}
	if got := read(t, tr, name, by("stranger")); !strings.Contains(got, "not for us") {
		t.Errorf("one that no row is about: %s", got)
	}
	otherwise = 0
	if got := read(t, tr, name, by("")); !strings.Contains(got, "hasn't told its serial number") {
		t.Errorf("one that has none: %s", got)
	}
}

// An iPXE that somebody else's server sends here tells its serial number at once.
func TestInquiryAtRoot(t *testing.T) {
	tr, _ := newTree(t)
	var told boot.Client
	tr.Resolver = resolverFunc(func(c boot.Client) (boot.Payload, error) {
		if told.Serial == "" {
			told = c
		}
		return boot.Payload{Content: boot.Linux{Kernel: boot.File{Source: "http://up/kernel"}}, Item: 0x4002}, nil
	})
	asked := overHTTP
	asked.Query = url.Values{"mac": {"52:54:00:aa:bb:02"}, "platform": {"pcbios"}, "uuid": {"01020304-0506-0708-090a-0b0c0d0e0f10"}, serialKey: {"S1"}}
	script := read(t, tr, "/"+route.IPXEScript, asked)
	if told.Serial != "S1" || told.UUID.IsZero() || !strings.Contains(script, "chain --replace --autofree http://10.0.0.1/") {
		t.Errorf("%+v is told\n%s", told, script)
	}
}
