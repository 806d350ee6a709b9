// Package explain says how a machine would boot a target (Boot): the ladder of its
// routes, the offers, the packets, the script. Of a capture, or a record, it says what
// was sent and what went wrong (Capture).
package explain
