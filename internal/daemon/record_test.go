package daemon

import "testing"

// Where failed boots are kept.
func TestRecordDir(t *testing.T) {
	for want, c := range map[string]Config{
		"":                     {},
		"/var/lib/spur/failed": {Data: "/var/lib/spur"},
		"/x":                   {Data: "/var/lib/spur", Record: "/x"},
	} {
		if got := c.recordDir(); got != want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	for _, c := range []Config{{Data: "/var/lib/spur", Record: WithoutRecord}, {Data: "/var/lib/spur", DryRun: true}} {
		if got := c.recordDir(); got != "" {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
