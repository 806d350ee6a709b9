#!/bin/sh
# Tells the lab what a DHCP client was given, and changes nothing: neither
# addresses nor /etc/resolv.conf. dhclient says why in $reason, udhcpc in $1.
echo "LEASE-BEGIN ${reason:-$1}"
env | sort
echo "LEASE-END ${reason:-$1}"
