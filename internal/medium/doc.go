// Package medium says what the image of an optical disc boots over the network: of which family
// it is, and which kernel, initrds and command line its system starts with.
package medium
