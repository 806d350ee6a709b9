// Package storetest is the contract that every store passes.
//
// [Run] checks what every store promises, [RunDurable] what those promise in
// addition that keep their records in a folder.
package storetest
