// Package blocktest is the contract of block.Device as tests, and the trouble
// that devices and what is built on them must live through.
//
//	func TestContract(t *testing.T) {
//		blocktest.Run(t, func(t *testing.T) block.Device { return mydisk.New(1 << 20) })
//	}
//
// Run holds a device to the contract: odd sizes and offsets, overlaps, flush,
// trim, zero, extents, ranges that are outside in every way that numbers allow,
// contexts that have ended, many users at once, and random operations beside a
// slice of bytes that is the model. Persistent also closes the device and opens
// it again.
//
// Faulty is a device that fails or is slow at the operation that a test names.
//
// Recorder is a file in memory that remembers every change. From one run of a
// workload it makes any number of files as a loss of power might have left
// them, at any moment of the run: what was not synced is kept, dropped, torn at
// sectors and reordered, as a seed says.
package blocktest
