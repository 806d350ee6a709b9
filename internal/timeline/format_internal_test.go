package timeline

import "testing"

func TestTimes(t *testing.T) {
	if times(1) != "once" || times(3) != "3 times" {
		t.Errorf("%q, %q", times(1), times(3))
	}
}
