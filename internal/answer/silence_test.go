package answer

import (
	"errors"
	"testing"

	"github.com/spurboot/spur/internal/answer/answertest"
	"github.com/spurboot/spur/internal/boot"
	"github.com/spurboot/spur/internal/decide"
	"github.com/spurboot/spur/internal/timeline"
)

// A machine that no route leads on is told so, and is no failure.
func TestAnObstacleIsNoFailure(t *testing.T) {
	e := Silence(answertest.Machine(1, boot.UEFI, boot.ROM), "", decide.NoRoute("no route"))
	if e.Kind != timeline.Ignored || e.Reason != "no route" {
		t.Errorf("told as %+v", e)
	}
	if e := Silence(boot.Client{}, "", errors.New("x")); e.Kind != timeline.NoAnswer {
		t.Errorf("told as %+v", e)
	}
}
