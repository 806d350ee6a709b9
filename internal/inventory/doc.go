// Package inventory reads files of machines: which machines there are, by what they tell
// of themselves, and what each boots. docs/machines.md describes the form.
//
// It is pure: the text of a file becomes an Inventory, and a client a row of it. What a
// target is, and whether it is there, others find out.
package inventory
