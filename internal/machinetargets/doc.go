// Package machinetargets is a file of machines (package inventory) with its targets looked
// into (package target), and what each machine boots by it.
package machinetargets
