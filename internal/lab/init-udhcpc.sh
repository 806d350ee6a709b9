#!/bin/sh
# What the lab's initramfs does with a lease.
case $1 in
bound | renew)
	ip addr replace "$ip/$mask" dev "$interface"
	for gateway in $router; do ip route replace default via "$gateway" dev "$interface"; done
	for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
	;;
esac
