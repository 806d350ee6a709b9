package partition_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spurboot/spur/block"
	"github.com/spurboot/spur/block/blocktest"
	"github.com/spurboot/spur/block/partition"
)

const script = `label: %s
start=2048, size=1024%s
start=4096, size=1025
`

// logical are partitions 5 to 7 in an extended one.
const logical = `3: start=6144, size=8000, type=5
5: start=7168, size=500, type=82
6: start=8192, size=600
7: start=9216, size=700
`

// disk makes one of 8 MiB with sfdisk.
func disk(t testing.TB, script string) []byte {
	t.Helper()
	if _, err := exec.LookPath("sfdisk"); err != nil {
		t.Fatalf("install fdisk: %v", err)
	}
	name := filepath.Join(t.TempDir(), "disk.img")
	if err := os.WriteFile(name, make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	sfdisk := exec.Command("sfdisk", "--quiet", name)
	sfdisk.Stdin = strings.NewReader(script)
	if out, err := sfdisk.CombinedOutput(); err != nil {
		t.Fatalf("sfdisk: %v: %s", err, out)
	}
	image, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func memory(t testing.TB, image []byte) *block.Memory {
	t.Helper()
	d := block.NewMemory(int64(len(image)))
	if err := d.Write(context.Background(), image, 0, 0); err != nil {
		t.Fatal(err)
	}
	return d
}

// sfdisk says what partitions a disk has, as it sees them.
func sfdisk(t *testing.T, image []byte) (starts, sizes []int64) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "disk.img")
	if err := os.WriteFile(name, image, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sfdisk", "--json", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Table struct {
			Partitions []struct{ Start, Size int64 } `json:"partitions"`
		} `json:"partitiontable"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	for _, p := range answer.Table.Partitions {
		starts, sizes = append(starts, p.Start*512), append(sizes, p.Size*512)
	}
	return starts, sizes
}

func TestAsSfdisk(t *testing.T) {
	for name, test := range map[string]struct {
		script  string
		numbers string
	}{
		"mbr": {fmt.Sprintf(script, "dos", ", type=c, bootable") + logical, "[1 2 3 5 6 7]"},
		"gpt": {fmt.Sprintf(script, "gpt", `, name="EFI system", attrs=LegacyBIOSBootable`) + "start=10000, size=10\n", "[1 2 3]"},
	} {
		t.Run(name, func(t *testing.T) {
			image := disk(t, test.script)
			table, err := partition.Read(t.Context(), memory(t, image))
			if err != nil {
				t.Fatal(err)
			}
			var starts, sizes []int64
			var numbers []int
			for _, p := range table.Partitions {
				numbers, starts, sizes = append(numbers, p.Number), append(starts, p.Offset), append(sizes, p.Size)
			}
			wantStarts, wantSizes := sfdisk(t, image)
			if fmt.Sprint(starts, sizes) != fmt.Sprint(wantStarts, wantSizes) || fmt.Sprint(numbers) != test.numbers || string(table.Scheme) != name {
				t.Errorf("%+v\nsfdisk: %v %v", table, wantStarts, wantSizes)
			}
			if !table.Partitions[0].Active {
				t.Errorf("the first is not bootable: %+v", table.Partitions[0])
			}
			if name == "gpt" && table.Partitions[0].Name != "EFI system" {
				t.Errorf("name %q", table.Partitions[0].Name)
			}
		})
	}
}

func TestSecondCopy(t *testing.T) {
	image := disk(t, fmt.Sprintf(script, "gpt", `, name="a"`))
	clear(image[512:1024])
	table, err := partition.Read(t.Context(), memory(t, image))
	if err != nil || table.Scheme != partition.GPT || len(table.Partitions) != 2 {
		t.Errorf("without the first header: %+v, %v", table, err)
	}
	image[len(image)-500] ^= 1
	image[600] = 1
	copy(image[512:], "EFI PART")
	if _, err := partition.Read(t.Context(), memory(t, image)); !errors.Is(err, partition.ErrDamaged) {
		t.Errorf("both damaged: %v", err)
	}
}

func TestOpen(t *testing.T) {
	image := disk(t, fmt.Sprintf(script, "dos", ", type=c, bootable"))
	d, err := partition.Open(t.Context(), memory(t, image), 2)
	if err != nil || d.Size() != 1025*512 {
		t.Fatalf("%v", err)
	}
	if _, err := partition.Open(t.Context(), memory(t, image), 9); err == nil || !strings.Contains(err.Error(), "has 1 2") {
		t.Errorf("partition 9: %v", err)
	}
	blocktest.Run(t, func(t *testing.T) block.Device {
		d, err := partition.Open(t.Context(), memory(t, image), 1)
		if err != nil {
			t.Fatal(err)
		}
		return d
	})
}

func TestNoTable(t *testing.T) {
	fat := make([]byte, 1<<20)
	copy(fat[446:], "some code of a boot sector")
	fat[510], fat[511] = 0x55, 0xAA
	for _, image := range [][]byte{nil, make([]byte, 100), make([]byte, 1<<20), fat} {
		if table, err := partition.Read(t.Context(), memory(t, image)); !errors.Is(err, partition.ErrNoTable) {
			t.Errorf("%d bytes: %+v, %v", len(image), table, err)
		}
	}
}

func TestLoop(t *testing.T) {
	image := disk(t, fmt.Sprintf(script, "dos", ", type=c, bootable")+logical)
	record := image[6144*512:]
	binary.LittleEndian.PutUint32(record[446+16+8:], 0) // the next record is this one
	if _, err := partition.Read(t.Context(), memory(t, image)); !errors.Is(err, partition.ErrDamaged) {
		t.Errorf("a loop: %v", err)
	}
}

// FuzzRead has the start of a disk, and its end.
func FuzzRead(f *testing.F) {
	for _, label := range []string{"dos", "gpt"} {
		image := disk(f, fmt.Sprintf(script, label, ""))
		f.Add(image[:40*512], image[len(image)-512:])
	}
	image := disk(f, fmt.Sprintf(script, "dos", ", type=c, bootable")+logical)
	f.Add(image[:512], image[6144*512:][:512])
	f.Fuzz(func(t *testing.T, start, end []byte) {
		const size = 1 << 30
		d := block.NewMemory(size)
		if len(start) > 1<<20 || len(end) > 1<<20 {
			return
		}
		_ = d.Write(t.Context(), start, 0, 0)
		_ = d.Write(t.Context(), end, size-int64(len(end)), 0)
		_ = d.Write(t.Context(), end, 6144*512, 0)
		table, err := partition.Read(t.Context(), d)
		if err == nil && len(table.Partitions) > 1024 {
			t.Fatalf("%d partitions", len(table.Partitions))
		}
		for _, p := range table.Partitions {
			if block.CheckRange(p.Offset, p.Size, size) != nil || p.Size == 0 {
				t.Fatalf("outside of the disk: %+v", p)
			}
		}
	})
}
