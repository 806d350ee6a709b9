// Package turn helps servers of disks to answer at once.
//
// A [Vigil] decides how the thread that reads requests waits for the next one:
// awake, which answers sooner, or asleep, which is better where others want the
// processor too.
package turn
