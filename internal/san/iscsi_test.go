package san

import "testing"

func TestIQN(t *testing.T) {
	for file, want := range map[string]string{
		"disk.qcow2": naming + "disk.qcow2",
		"Disk 1.IMG": naming + "disk-1.img",
		"Plätte.raw": naming + "pl-tte.raw",
	} {
		if got := IQN(file); got != want {
			t.Errorf("%s: %s", file, got)
		}
	}
}
