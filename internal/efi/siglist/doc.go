// Package siglist reads and writes what firmware keeps its keys in: lists of
// certificates and hashes (EFI_SIGNATURE_LIST, UEFI 2.10 section 32.4.1), and signed
// updates of the variables PK, KEK, db and dbx (EFI_VARIABLE_AUTHENTICATION_2,
// section 8.2.2).
//
// [Certificates] makes the form that OVMF takes as etc/edk2/https/cacerts as well, and
// [Parse] reads any. [Update.Sign] makes the files .auth that firmware's set-up menus
// and efi-updatevar take. The same keys and time give the same bytes.
package siglist
