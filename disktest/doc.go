// Package disktest has real initiators use disks that `spur disk serve` serves,
// while it is killed and started again under them.
//
// A guest boots Debian's kernel with its own driver: open-iscsi, aoe or nbd
// (drivers_test.go). It is not told when the target vanishes and comes back.
//
// It keeps an ext4 on the disk (guest_test.go), writes files and flushes each;
// at the end the file system is checked, there and here, and every file
// compared. Or it runs fio (fio_test.go), which never flushes: what fio was told
// is written must be there all the same.
//
// Clients on this machine do at random what the guests don't (rounds_test.go):
// on a file system that is full now and then, with snapshots between, and with
// servers that other users start.
//
// SIGKILL takes all that a process has in its memory, not what the kernel holds
// of its files: what these tests show is that nothing that an initiator was
// told is done was only in Spur's memory, and that initiators find their way
// back. What a loss of power does is for the crash tests of block/qcow2.
package disktest
