// Package leases keeps which address of a pool is held by whom until when, for
// DHCP servers of either family.
//
// A [Table] is a state machine over the clock value that each call is given, and
// knows no packet: offered, bound, released, declined. What is bound is in a
// [Store] before the client is told.
package leases
