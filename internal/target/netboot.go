package target

import (
	"fmt"

	"github.com/spurboot/spur/internal/advice"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/image"
)

// lookNetBoot finds out what the NetBoot images are that a target names.
func (t Target) lookNetBoot() (Inspected, error) {
	for n, other := range t.Initrds {
		if !image.IsNetBoot(other) {
			return Inspected{}, initrdsOption.aboutNumber(n, advice.Misused(advice.New(fmt.Sprintf("%s is no NetBoot image (.nbi), and goes with none", other), "leave it out, or name NetBoot images alone")))
		}
	}
	alone := t
	alone.Initrds = nil
	if err := alone.onlyItself("a NetBoot image, which Macs are given as it is", "leave them out"); err != nil {
		return Inspected{}, err
	}
	content, warnings, err := image.OpenNetBoot(t.RootPath, append([]string{t.Kernel}, t.Initrds...)...)
	if err != nil {
		return Inspected{}, err
	}
	if t.RootPath != "" && len(content.Images) > 1 {
		return Inspected{}, rootPathOption.about(advice.Misused(advice.New("--root-path says where the system of one image is, and there are several", "name one image, or leave --root-path out")))
	}
	content.Shadow = t.Shadow
	for _, f := range content.Files() {
		if err := f.Check(); err != nil {
			return Inspected{}, advice.Wrap(err, "rename it, or give a shorter one")
		}
	}
	return Inspected{
		Payload: boot.Payload{Content: content}, about: image.DescribeNetBoot(content), Warnings: warnings,
	}, nil
}
