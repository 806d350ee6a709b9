#!/bin/sh
# The first process of a machine that Spur's lab has booted: it says on every
# console that it is up, with what, and powers off.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
dmesg -n 1

cmdline=$(cat /proc/cmdline)
value() { # the value of a word name=value of the command line
	for word in $cmdline; do
		case $word in "$1"=*) echo "${word#*=}" && return ;; esac
	done
}

say() {
	for tty in ttyS0 ttyAMA0 tty0; do
		[ -c /dev/$tty ] && (echo "$*" >/dev/$tty) 2>/dev/null
	done
}

while read -r module; do insmod "/modules/$module.ko"; done </modules/order

ip link set lo up
for path in /sys/class/net/*; do
	nic=${path##*/}
	[ "$nic" = lo ] && continue
	ip link set "$nic" up
	# Where a router has given it an IPv6 address, one try without an answer is enough:
	# a busy computer may take long for either.
	for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
		udhcpc -i "$nic" -n -q -f -t 1 -T 2 -s /udhcpc.sh >/dev/null 2>&1 && break
		ip -6 -o addr show dev "$nic" scope global | grep inet6 | grep -qv tentative && break
	done
done

address=$(ip -4 -o addr show scope global | awk '{ print $4 }' | tr '\n' ' ')
files=$(find /extra -type f 2>/dev/null | sort | tr '\n' ' ')
for file in $files; do
	say "SPUR-LAB-FILE $file $(wc -c <"$file") $(sha256sum <"$file" | cut -d' ' -f1)"
done
[ -d /sys/firmware/efi ] && booted=uefi || booted=bios
say "SPUR-LAB-UP cmdline=[$cmdline] files=[${files% }] address=[${address% }] firmware=[$booted]"

url=$(value spur.up)
if [ -n "$url" ]; then
	if body=$(wget -q -O - "$url"); then
		say "SPUR-LAB-FETCHED url=[$url] body=[$body]"
	else
		say "SPUR-LAB-NOT-FETCHED url=[$url]"
	fi
fi

if [ "$(value spur.lab)" = stay ]; then
	say "SPUR-LAB-STAYS"
	serial=ttyS0
	grep -q ttyAMA0 /sys/class/tty/console/active && serial=ttyAMA0
	while :; do setsid sh -c "exec sh </dev/$serial >/dev/$serial 2>&1" || sleep 1; done
fi
say "SPUR-LAB-OFF"
sync
# The kernel's last words go past the terminal's queue, and would land in the
# middle of a line: stty waits until the queue is empty.
for tty in ttyS0 ttyAMA0; do
	[ -c /dev/$tty ] && stty -F /dev/$tty -echo 2>/dev/null
done
poweroff -f
