// Package boottest boots real firmware over Spur, as users do: the built
// binary in one network namespace, QEMU machines and other people's DHCP
// servers beside it. A test that boots asserts what the machine itself printed
// on its serial port.
//
// Every row of the route table has a machine here that took it (cells_test.go);
// the other files are about what goes wrong on real networks.
package boottest
