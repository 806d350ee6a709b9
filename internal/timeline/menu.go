package timeline

import (
	"fmt"
	"strings"
	"time"
)

// choseOther folds that the machine looks for a boot server that we are not: it
// left us, and nothing more of it is ours to judge.
func (a Attempt) choseOther(e Event) (Attempt, []Step) {
	if a.Stage == Elsewhere {
		return a.countRepeat(ChoseOther), nil
	}
	a = a.forward(e, Elsewhere)
	return a.addStep(a.step(e, Clean(e.Reason)))
}

// menuPatience is how long a machine that shows a menu may take from its address to
// the item that was chosen; negative: for as long as people like.
func (h loaderStage) menuPatience() time.Duration {
	switch {
	case h.menu == nil:
		return 0
	case h.menu.Wait < 0:
		return -1
	}
	return h.menu.Wait
}

// choseNone: the machine was shown a menu, and came for none of our items. Where
// others are in it, that is what was chosen, most likely: what it asks another server
// for goes there alone.
func choseNone(a Attempt, _ time.Time, still time.Duration) (Verdict, bool) {
	h := a.loaderStage
	wait := h.menuPatience()
	if h.menu == nil || len(h.menu.Elsewhere) == 0 || !h.addressed() || h.bootAsked || h.answered || h.fetched || still < max(wait, 0)+h.patience() {
		return Verdict{}, false
	}
	return Verdict{
		Cause: LeftByMenu, Info: true,
		Sentence: fmt.Sprintf("%s was shown the menu and took the address %s, but asked Spur for no item of it.", a.program(), a.Address),
		Likely:   "it left for " + a.menuElsewhere() + ", where Spur has no part in what it boots; or the menu is on its screen still.",
		Hint:     "nothing, if that was meant.",
	}, true
}

// menuElsewhere lists the items of the menu by which a machine leaves.
func (a Attempt) menuElsewhere() string {
	if a.loaderStage.menu == nil {
		return "another server"
	}
	return Clean(strings.Join(a.loaderStage.menu.Elsewhere, " or "))
}
