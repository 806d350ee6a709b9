package target

import (
	"github.com/spurboot/spur/internal/outlook"
)

// Outlook is the target as far as it says which machines can boot.
func (l Inspected) Outlook() outlook.Target {
	t := outlook.Target{Payload: l.Payload}
	for _, o := range l.others {
		t.Others = append(t.Others, outlook.ForArch{Arch: o.arch, Payload: o.Payload, Found: o.found})
	}
	if m, ok := l.menu.(*firmwareMenu); ok {
		for _, i := range m.ours {
			t.Items = append(t.Items, outlook.Item{Title: i.Title, Payload: i.Payload})
		}
	}
	return t
}
