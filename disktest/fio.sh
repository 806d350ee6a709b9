# fio writes all disks at once, and reads what it was told is written. It comes
# with its libraries on a disk of its own.
. /common.sh
mount -t ext4 -o ro /dev/vda /mnt || fail "mount fio"
jobs=
for device in $devices; do
	jobs="$jobs --name=$device --filename=/dev/$device"
done
# shellcheck disable=SC2046,SC2086 # lists of words
/mnt/ld.so --library-path /mnt /mnt/fio $(cat /fio.options) $jobs || fail fio
detach
echo DISK-IS-WELL
