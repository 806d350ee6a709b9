package target

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/family"
)

// checkRoot refuses a way to the root that nothing takes which may boot. What is put into a
// folder of targets later may.
func (t Target) checkRoot(l Inspected) error {
	takes := func(one Inspected) bool { return one.root == family.Over(t.Root) }
	all := l.every()
	if t.Root == "" || len(l.ofTargets()) > 0 || slices.ContainsFunc(all, takes) {
		return nil
	}
	for _, one := range all {
		if one.noRoot != nil {
			return one.noRoot
		}
	}
	return rootOption.about(advice.Misused(t.rootless(len(all))))
}

// rootless says that nothing that may boot is the system of an ISO image, and why.
func (t Target) rootless(items int) error {
	if t.As != "" && t.As != string(boot.KindLinux) {
		return advice.New(fmt.Sprintf("--root says how the system of an ISO image finds its root, and with --as %s nothing is booted as that", t.As), "leave --as out, or --root")
	}
	what := cmp.Or(t.Kernel, "the target") + " has none"
	if items > 1 {
		what = "nothing here is one"
	}
	return advice.New("--root says how the system of an ISO image finds its root, and "+what, "leave --root out")
}

// lookAmong finds out what one of several targets is, or the only one. One that doesn't find
// its root over what was asked for boots as without that.
func (t Target) lookAmong(ctx context.Context, up Upstream) (Inspected, error) {
	l, err := t.lookAlone(ctx, up)
	if about, _ := OptionOf(err); about != string(rootOption) {
		return l, err
	}
	asked := t.Root
	t.Root = ""
	l, other := t.lookAlone(ctx, up)
	l.noRoot = err
	l.Warnings = append(l.Warnings, fmt.Sprintf("%s; it boots as without --root %s", err, asked))
	return l, other
}
