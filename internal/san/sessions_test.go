package san

import (
	"errors"
	"strings"
	"testing"
)

// TestDeviceErrorSaysWhatToDo: the first error of a disk is told with what can be
// done about it, and those that follow aren't.
func TestDeviceErrorSaysWhatToDo(t *testing.T) {
	var out strings.Builder
	log := &Log{Out: &out, Advice: func(error) string { return "make room" }}
	session := log.session("192.0.2.1:5")
	for range 3 {
		session.deviceError(errors.New("no space"))
	}
	if text := out.String(); text != "192.0.2.1:5  no space (make room)\n" {
		t.Errorf("%q", text)
	}
}
