package architecture

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/spurboot/spur/"

// allowed lists, for each package, the packages of this module that its
// non-test code may import. A package that is not listed fails the test, so
// that a new room says where it stands.
var allowed = map[string][]string{
	// The vocabulary and the decision: pure.
	"internal/boot":   {},
	"internal/route":  {"internal/boot", "internal/efi/sbat"},
	"internal/advice": {},

	// What servers tell waits for nobody.
	"internal/output": {},
	// What a server gives up once its sockets are open.
	"internal/sandbox":                        {"internal/advice"},
	"internal/family/familytest":              {},
	"internal/sandbox/sandboxtest":            {},
	"internal/sandbox/sandboxtest/openwithin": {},

	// Protocols know neither each other nor what a boot is.
	"tftp":              {},
	"internal/leases":   {},
	"internal/nic":      {},
	"internal/dhcp":     {"internal/nic", "internal/leases"},
	"internal/dhcp6":    {"internal/nic", "internal/leases"},
	"internal/password": {"internal/advice", "internal/wholefile"},
	"internal/pools":    {"internal/advice", "internal/dhcp", "internal/dhcp6"},
	"internal/pxe":      {},
	"internal/bsdp":     {},
	"internal/httpd":    {"block/httpblock"},                                        // how RFC 9110 reads ranges
	"internal/fetch":    {"block/httpblock", "internal/advice", "internal/scratch"}, // likewise
	"internal/nfs":      {"block/share"},
	// Where the certificate of an HTTPS server comes from.
	"internal/certificate": {"internal/wholefile"},
	"internal/acme":        {},
	"internal/seal":        {"internal/wholefile"},

	// Who asks, and what is answered.
	"internal/identify": {"internal/boot", "internal/bsdp", "internal/dhcp", "internal/dhcp6", "internal/pxe", "internal/timeline"},
	"internal/answer": {
		"internal/advice", "internal/boot", "internal/bsdp", "internal/decide", "internal/dhcp", "internal/dhcp6", "internal/family", "internal/identify", "internal/medium", "internal/pxe",
		"internal/recorder", "internal/resolver", "internal/route", "internal/timeline", "internal/tree",
	},
	"internal/answer/answertest": {"internal/boot", "internal/decide", "internal/route", "internal/seal", "internal/timeline", "internal/tree"},

	// What is known before anybody asks.
	"internal/outlook": {"internal/advice", "internal/boot", "internal/identify", "internal/loader", "internal/route"},

	"internal/explain": {
		"internal/advice", "internal/answer", "internal/boot", "internal/bsdp", "internal/capture", "internal/decide", "internal/dhcp", "internal/dhcp6", "internal/dissect", "internal/identify",
		"internal/leases", "internal/loader", "internal/onlooker", "internal/outlook", "internal/printable", "internal/pxe", "internal/record", "internal/route", "internal/size", "internal/timeline", "internal/timeline/report",
		"internal/tree",
	},

	// What is in packets, in words.
	"internal/dissect": {"internal/printable", "internal/pxe"},
	// What passed while a machine booted, as a file.
	"internal/record": {"internal/boot", "internal/wholefile"},
	"internal/recorder": {
		"internal/boot", "internal/decide", "internal/dhcp", "internal/dhcp6", "internal/dissect", "internal/record", "internal/timeline",
	},
	"internal/recorder/recordertest": {
		"internal/answer", "internal/boot", "internal/decide", "internal/dhcp", "internal/identify", "internal/record", "internal/recorder", "internal/resolver", "internal/route", "internal/seal", "internal/timeline", "internal/tree",
	},
	// What was recorded, against what is answered today.
	"internal/replay": {
		"internal/advice", "internal/answer", "internal/boot", "internal/decide", "internal/dhcp", "internal/dhcp6", "internal/dissect", "internal/identify", "internal/leases", "internal/onlooker", "internal/printable", "internal/pxe", "internal/record",
		"internal/recorder", "internal/route", "internal/timeline", "internal/tree", "internal/wholefile",
	},
	// What a capture has of boots, and what they are to who looks on.
	"internal/capture": {"internal/boot"},
	"internal/onlooker": {
		"internal/advice", "internal/boot", "internal/bsdp", "internal/capture", "internal/dhcp", "internal/dhcp6", "internal/identify", "internal/pxe", "internal/record", "internal/route", "internal/timeline",
	},

	// What tests should get, in files.
	"internal/golden": {},

	// A folder for a while.
	"internal/scratch": {},

	// What strangers say, fit to be shown.
	"internal/printable": {},
	"internal/wholefile": {},

	// Disks: devices, and protocols that serve any device, for everybody's use.
	"block":                       {},
	"block/blocktest":             {"block"},
	"block/diskimage":             {"block", "block/imagemap", "block/qcow2", "block/raw", "block/vhd", "block/vhdx", "block/vmdk"},
	"block/handoff":               {},
	"block/httpblock":             {"block"},
	"block/imagemap":              {"block"},
	"block/imagemap/imagemaptest": {"block"},
	"block/partition":             {"block"},
	"block/qcow2":                 {"block", "block/raw"},
	"block/raw":                   {"block"},
	"block/scsi":                  {"block", "block/handoff"},
	"block/share":                 {},
	"block/vhd":                   {"block", "block/imagemap"},
	"block/vhdx":                  {"block", "block/imagemap"},
	"block/vmdk":                  {"block", "block/imagemap"},
	"nbd":                         {"block", "block/share", "block/handoff"},
	"iscsi":                       {"block", "block/scsi", "block/share", "block/handoff"},
	"aoe":                         {"block", "block/handoff"},
	// Images are opened apart from where they are exported, which knows no format.
	"internal/disk": {
		"block", "block/diskimage", "block/httpblock", "block/imagemap", "block/qcow2", "block/raw",
		"internal/advice", "internal/archive", "internal/printable", "internal/size",
	},
	"internal/san": {
		"aoe", "block", "block/httpblock", "internal/advice", "internal/httpd", "internal/printable", "internal/size", "iscsi", "nbd",
	},
	"internal/diskserve": {
		"aoe", "block/diskimage", "internal/advice", "internal/disk", "internal/printable", "internal/san", "internal/sandbox",
		"internal/size", "iscsi", "internal/wholefile",
	},
	"internal/size": {},

	// EFI binaries: pure.
	"internal/efi/pefile":       {"internal/boot"},
	"internal/efi/uki":          {"internal/boot", "internal/efi/pefile"},
	"internal/efi/signeddata":   {},
	"internal/efi/sbat":         {"internal/efi/pefile"},
	"internal/efi/siglist":      {"internal/efi/signeddata"},
	"internal/efi/authenticode": {"internal/efi/pefile", "internal/efi/signeddata"},
	// The keys that sign them, in files.
	"internal/efi/enroll": {"internal/boot", "internal/efi/siglist"},
	"internal/efi/keys":   {"internal/advice", "internal/efi/siglist", "internal/efi/signeddata", "internal/wholefile"},

	// How the files of a medium go into an initrd.
	"internal/initrdlayout": {},

	// What a boot is made of.
	"internal/cpio":        {},
	"internal/iso":         {},
	"internal/wim":         {},
	"internal/archive":     {"internal/cpio"},
	"internal/bootconfig":  {},
	"internal/family":      {"internal/advice", "internal/boot", "internal/bootconfig", "internal/initrdlayout", "internal/wholefile"},
	"internal/image":       {"block", "block/partition", "block/raw", "internal/archive", "internal/fat", "internal/iso", "internal/boot", "internal/bootconfig", "internal/cpio", "internal/advice", "internal/efi/pefile", "internal/loader", "internal/nbi", "internal/printable", "internal/route", "internal/wim", "internal/wholefile"},
	"internal/bootimage":   {"internal/fat", "internal/iso"},
	"internal/medium":      {"internal/advice", "internal/boot", "internal/bootconfig", "internal/bootimage", "internal/efi/authenticode", "internal/loader", "internal/route", "internal/family", "internal/image", "internal/initrdlayout", "internal/iso", "internal/printable", "internal/size"},
	"internal/grubimage":   {"internal/efi/pefile"},
	"internal/loader":      {"internal/advice", "internal/boot", "internal/nbi", "internal/printable", "internal/route", "internal/grubimage", "internal/efi/authenticode", "internal/efi/pefile", "internal/efi/sbat", "internal/efi/siglist", "internal/efi/signeddata"},
	"internal/fat":         {},
	"internal/rawdisk":     {"block", "block/diskimage", "block/imagemap", "block/qcow2", "internal/advice", "internal/archive", "internal/scratch", "internal/size"},
	"internal/ramdisk":     {},
	"internal/nbi":         {},
	"internal/loaderstore": {"internal/archive", "internal/loader", "internal/route", "internal/wholefile"},
	"internal/resolver":    {"internal/boot", "internal/advice"},
	"internal/inventory":   {"internal/boot", "internal/advice"},
	"internal/decide":      {"internal/boot", "internal/route"},
	"internal/tree":        {"internal/boot", "internal/bootimage", "internal/cpio", "internal/advice", "internal/efi/authenticode", "internal/efi/pefile", "internal/efi/signeddata", "internal/efi/uki", "internal/fat", "internal/grubimage", "internal/initrdlayout", "internal/iso", "internal/nbi", "internal/route", "internal/loader", "internal/seal"},

	// What this host has.
	"internal/host": {
		"internal/advice", "internal/boot", "internal/datafolder", "internal/efi/keys", "internal/fetch", "internal/grubimage", "internal/loader", "internal/loaderstore", "internal/ramdisk", "internal/route",
		"internal/scratch", "internal/wholefile",
	},

	// What is remembered and told.
	"internal/store":           {"internal/advice", "internal/wholefile"},
	"internal/store/storetest": {"internal/store"},
	"internal/datafolder":      {"internal/advice"},
	"internal/machines":        {"internal/advice", "internal/boot", "internal/datafolder", "internal/record", "internal/timeline", "internal/wholefile"},
	"internal/timeline":        {"internal/boot", "internal/printable", "internal/size"},
	"internal/timeline/report": {"internal/boot", "internal/size", "internal/timeline"},

	// What the command line says should boot, looked into.
	"internal/target": {
		"internal/advice", "internal/answer", "internal/boot", "internal/decide", "internal/family", "internal/fetch", "internal/image", "internal/medium", "internal/outlook", "internal/password", "internal/printable", "internal/pxe",
		"internal/rawdisk", "internal/resolver", "internal/route", "internal/size", "internal/tree", "internal/wholefile",
	},

	// What a file of machines says should boot.
	"internal/machinetargets": {
		"internal/advice", "internal/boot", "internal/inventory", "internal/outlook", "internal/route", "internal/size", "internal/target", "internal/tree",
	},
	"internal/target/targettest": {},

	// The wiring knows all rooms; only the command knows the wiring.
	"internal/daemon": {
		"internal/rawdisk", "internal/acme",
		"internal/advice",
		"internal/answer",
		"internal/boot",
		"internal/certificate",
		"internal/datafolder",
		"internal/decide",
		"internal/dhcp",
		"internal/dhcp6",
		"internal/efi/enroll",
		"internal/efi/keys",
		"internal/efi/siglist",
		"internal/efi/signeddata",
		"internal/explain",
		"internal/fetch",
		"internal/host",
		"internal/httpd",
		"internal/identify",
		"internal/leases",
		"internal/machines",
		"internal/machinetargets",
		"internal/medium",
		"internal/nfs",
		"internal/onlooker",
		"internal/outlook",
		"internal/password",
		"internal/pools",
		"internal/printable",
		"internal/pxe",
		"internal/record",
		"internal/recorder",
		"internal/replay",
		"internal/resolver",
		"internal/route",
		"internal/san", "internal/sandbox",
		"internal/scratch",
		"internal/seal",
		"internal/store",
		"internal/target",
		"internal/timeline",
		"internal/timeline/report",
		"internal/tree",
		"internal/wholefile",
		"tftp",
	},
	"internal/lab":      {"internal/boot", "internal/cpio"},
	"internal/lab/demo": {"internal/advice", "internal/lab"},
	"cmd/spur": {
		"internal/advice",
		"internal/boot",
		"internal/daemon",
		"internal/disk",
		"internal/diskserve",
		"internal/efi/keys",
		"internal/explain",
		"internal/host",
		"internal/lab",
		"internal/lab/demo",
		"internal/loaderstore",
		"internal/machines",
		"internal/machinetargets",
		"internal/outlook",
		"internal/output",
		"internal/pools",
		"internal/printable",
		"internal/replay",
		"internal/route",
		"internal/sandbox",
		"internal/size",
		"internal/target",
	},

	"internal/architecture": {},
	"docs":                  {},
	"scripts":               {},
	"loader/ramdisktest":    {},
	"boottest":              {"internal/lab"},
	"disktest":              {"internal/lab"},
	"disktest/nbdattach":    {},
	"bench/testbed":         {"internal/scratch"},
	"bench/tftp":            {"bench/testbed", "tftp"},
	"bench/http":            {"bench/testbed", "internal/httpd", "internal/lab"},
	"bench/nbd":             {"bench/testbed", "block", "internal/disk", "nbd", "internal/scratch"},
	"bench/aoe":             {"aoe", "bench/testbed", "block", "block/raw"},
	"bench/iscsi":           {"bench/testbed", "block", "block/raw", "iscsi", "internal/scratch"},
	"bench/nfs":             {"bench/testbed", "internal/iso", "internal/nfs", "internal/seal"},
	"bench/start":           {"bench/testbed", "internal/lab"},
	"bench/boot":            {"bench/testbed", "internal/efi/uki", "internal/lab"},
}

// noIO lists packages that must not reach the network, files or the clock.
var noIO = map[string][]string{
	"internal/boot":  {"os", "net/http", "io/fs", "syscall", "os/exec"},
	"internal/route": {"os", "net", "net/http", "io/fs", "syscall", "os/exec", "time"},
}

func TestImportDirections(t *testing.T) {
	for pkg, imports := range imports(t) {
		may, listed := allowed[pkg]
		if !listed {
			t.Errorf("%s has no line in allowed: say which rooms it may know", pkg)
			continue
		}
		for _, imported := range imports {
			if own, ok := strings.CutPrefix(imported, module); ok && !contains(may, own) {
				t.Errorf("%s imports %s, which its line in allowed does not permit", pkg, own)
			}
			if contains(noIO[pkg], imported) {
				t.Errorf("%s imports %s, but it is pure", pkg, imported)
			}
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// imports asks the Go tool what each package of the module imports.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if pkg, ok := strings.CutPrefix(words[0], module); ok {
			found[pkg] = words[1:]
		}
	}
	return found
}
