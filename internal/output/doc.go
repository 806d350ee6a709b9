// Package output keeps what a server tells from holding up the server: its
// messages wait in a queue with a bound, and nobody waits for who reads them.
package output
