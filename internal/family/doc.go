// Package family knows the families of media that systems come on: how each is recognised,
// which kernel, initrds and arguments it boots with, and what has its system find its root
// over the network. What it knows is data (families.yaml), to which a file of a user's own
// adds; how a medium's own menu names these things is for bootconfig.
package family
