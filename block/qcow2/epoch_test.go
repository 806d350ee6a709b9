package qcow2

import "testing"

// TestRuleOfTwo: what an epoch gives up is free once all operations that began in
// it or before have left, whoever comes meanwhile.
func TestRuleOfTwo(t *testing.T) {
	img := &Image{}
	img.changed.L = &img.mu
	enter := func() uint {
		slot, err := img.enter(t.Context())
		must(t, err)
		return slot
	}
	free := func(given uint) bool { return img.advance()-given >= epochsUntilFree }
	if !free(img.epoch) {
		t.Error("nobody is under way, and it isn't free")
	}
	old := enter()
	given := img.epoch
	if free(given) {
		t.Error("it is free while an operation of its epoch is under way")
	}
	for range 5 { // others come and go
		slot := enter()
		if free(given) {
			t.Error("it is free while an operation of its epoch is under way")
		}
		img.leave(slot)
	}
	young := enter()
	img.leave(old)
	if !free(given) {
		t.Error("it isn't free though only an operation that began after it is under way")
	}
	img.leave(young)
}
