// Package machines keeps what is known of machines in the folder of --data, each in a
// file of its own, so that `spur machine` works on them beside a running Spur: what their
// boots have taught (Kept), which have booted once (Marks), and of which the last boot
// failed (Failure).
package machines
