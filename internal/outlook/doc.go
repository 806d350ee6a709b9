// Package outlook says before any machine asks what each kind of machine will be given
// (Given), which of them have no way to what is booted (WithoutWay, NoRoute), and which
// would refuse it (Refused).
package outlook
