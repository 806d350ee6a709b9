package outlook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/route"
)

// Given says in one line for each kind of machine what it is given. A payload that
// no machine can boot is an error.
func (o Outlook) Given(t Target) ([]string, error) {
	if len(t.Items) > 0 {
		return o.givenByMenu(t.Items)
	}
	all, err := o.GivenOf(t)
	width := len("iPXE without HTTP ")
	if o.IPv6 {
		width = len("iPXE with HTTP over IPv6")
	}
	var lines []string
	for _, one := range all {
		lines = append(lines, fmt.Sprintf("  %-12s %-*s %s", one.Platform, width, one.Speaker, one.What))
	}
	return lines, err
}

// givenByMenu does so for each item of a menu that is ours. A machine is shown those
// that it can boot, so one that none can boot is an error.
func (o Outlook) givenByMenu(items []Item) ([]string, error) {
	var lines []string
	for n, i := range items {
		one, err := o.Given(Target{Payload: i.Payload, Others: i.Others})
		if err != nil {
			return nil, err
		}
		lines = append(append(lines, fmt.Sprintf("  Item %d, %s:", n+1, i.Title)), one...)
	}
	return lines, nil
}

// Given is what one kind of machine is given.
type Given struct {
	Platform string
	Speaker  string // of the machine's programs, that which asks
	What     string // it is given first, or what is in the way
}

// GivenOf says what each kind of machine is given of a target that is no menu. A payload that
// no machine can boot is an error, unless it is one of several that one medium has. Where
// nothing is known of the kinds of machines that are asked about, there are none.
func (o Outlook) GivenOf(t Target) ([]Given, error) {
	all, err := o.givenTo(o.overEach(t.withoutOthers(o.Kinds.clients(t.Payload))), t.Payload)
	for _, other := range t.Others {
		clients := o.Kinds.only(append(everyUEFI(other.Arch), everyUBoot(other.Arch)...))
		more, failed := o.givenTo(o.overEach(clients), other.Payload)
		all = append(all, more...)
		switch {
		case len(clients) == 0: // they aren't asked about
		case other.Found && failed == nil:
			err = nil
		case !other.Found:
			err = cmp.Or(err, failed)
		}
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// withoutOthers are the clients that boot the payload itself, and none of the others.
func (t Target) withoutOthers(clients []boot.Client) []boot.Client {
	return slices.DeleteFunc(clients, func(c boot.Client) bool {
		return slices.ContainsFunc(t.Others, func(o ForArch) bool { return o.Arch == c.FirmwareArch() })
	})
}

// givenTo does so for some clients.
func (o Outlook) givenTo(clients []boot.Client, p boot.Payload) ([]Given, error) {
	var all []Given
	var obstacles, unasked []string
	for _, client := range clients {
		ladder := route.Routes(o.Asks(client), p, o.Host)
		what := ladder.Obstacle(client)
		if first, ok := ladder.Pick(nil); ok {
			what = first.Give + " over " + strings.ToUpper(string(first.Via)) + " (" + first.Name + ")"
		} else if file, ok := o.pointed(client, p); ok {
			what = file + ", which your DHCP server names, then as iPXE"
		} else if why := fmt.Sprintf("%s: %s", client.Platform(), what); ladder.Unasked() {
			unasked = append(unasked, why)
		} else {
			obstacles = append(obstacles, why)
		}
		all = append(all, Given{client.Platform(), Speaker(client), what})
	}
	// That the loader which was asked for isn't one of a machine's is said where it is none of any.
	if obstacles = append(obstacles, unasked...); len(obstacles) == len(all) && len(all) > 0 {
		return nil, advice.New(fmt.Sprintf("no machine that Spur has a way for can boot %s: %s", p.Title(), obstacles[0]),
			"spur explain says what is in the way of each kind of machine")
	}
	return all, nil
}

// pointed is the iPXE that another DHCP server is told to name to a ROM, where by it the
// machine boots a payload that brings its own loaders.
func (o Outlook) pointed(c boot.Client, p boot.Payload) (file string, ok bool) {
	if file = "snponly.efi"; c.Firmware == boot.BIOS {
		file = "undionly.kpxe"
	}
	if !o.Host.RootOnly || c.Loader != boot.ROM || c.Firmware != boot.BIOS && c.Arch != boot.X64 {
		return "", false
	}
	_, why := o.Host.Named(file)
	c.Loader, c.Features, c.Proto = boot.IPXE, boot.UsualIPXE, boot.PXE
	return file, why == "" && len(route.Routes(o.Asks(c), p, o.Host).Routes) > 0
}
