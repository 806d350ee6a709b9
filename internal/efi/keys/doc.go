// Package keys keeps an operator's own keys of Secure Boot in a folder: PK, KEK and
// db (UEFI 2.10 section 32.3), each an RSA key with its certificate in one PEM file.
//
// The files are secrets: the folder is closed to others, and one that isn't, is
// refused. A key may be encrypted with a passphrase (PKCS #8, RFC 8018); its
// certificate never is, so that [Read] tells what there is without one.
package keys
