# What both guests do first: the disks come, each below the name that attach.sh
# gives it in $devices, one for each of $exports.
fail() {
	echo "DISK-FAILED $*"
	dmesg | tail -n 20
	exit 1
}
# await waits until a device has a size.
await() {
	n=0
	while [ "$(cat "/sys/block/$(echo "$1" | tr / !)/size" 2>/dev/null || echo 0)" = 0 ]; do
		n=$((n + 1))
		[ $n -lt 300 ] || fail "no disk $1"
		again
		sleep 0.2
	done
}
cd /
exports=$(cat /exports)
. /attach.sh
for device in $devices; do
	await "$device"
done
mkdir -p /mnt
