// Package signeddata makes, reads and checks PKCS #7 signed data (RFC 2315), in
// the two forms that UEFI knows: around a content, as in the signatures of
// binaries, and detached from it, as for updates of the variables that hold keys.
//
// A [Signer] is an RSA key with its certificate. What it makes has SHA-256, no time
// and no randomness: the same content gives the same bytes. [Parse] reads DER of
// strangers.
package signeddata
