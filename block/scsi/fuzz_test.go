package scsi

import "testing"

// FuzzCDB runs command descriptor blocks with data against a unit.
func FuzzCDB(f *testing.F) {
	for _, rows := range table {
		for _, op := range rows {
			cdb := make([]byte, 16)
			cdb[0], cdb[1] = op.code, byte(max(op.action, 0))
			f.Add(cdb, make([]byte, 24))
			for i := 2; i < op.length()-1; i++ {
				cdb[i] = 1
			}
			f.Add(append([]byte{}, cdb...), []byte{0, 22, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0})
		}
	}
	f.Fuzz(func(t *testing.T, cdb, data []byte) {
		i := newDisk(1 << 20)
		c := &Command{Expected: len(data), Reads: true, Writes: true, Transport: i}
		copy(c.CDB[:], cdb)
		c.Out = data[:min(len(data), i.nexus.DataOut(c))]
		i.nexus.Execute(t.Context(), c)
		if c.Status == CheckCondition && len(c.Sense()) < 8 {
			t.Fatalf("%x: no sense data", cdb)
		}
		if len(i.in) > len(data) {
			t.Fatalf("%x: %d bytes where %d were expected", cdb, len(i.in), len(data))
		}
	})
}
