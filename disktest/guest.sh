# What the guest does: an ext4 on the disk is mounted, written file by file, each
# flushed, a file is removed and trimmed, then all is checked and read. attach.sh
# says how the disk comes; its name is $disk then.
fail() {
	echo "DISK-FAILED $*"
	dmesg | tail -n 20
	exit 1
}
cd /
mkdir -p /mnt
. /attach.sh
n=0
while [ "$(cat "/sys/block/$sys/size" 2>/dev/null || echo 0)" = 0 ]; do
	n=$((n + 1))
	[ $n -lt 300 ] || fail "no disk $disk"
	again
	sleep 0.2
done
mount -t ext4 -o discard "$disk" /mnt || fail mount
echo DISK-MOUNTED
dd if=/dev/urandom of=/mnt/more bs=64k count=64 2>/dev/null || fail "write what is removed"
i=0
while [ $i -lt 30 ]; do
	i=$((i + 1))
	dd if=/dev/urandom of=/mnt/file$i bs=64k count=6 2>/dev/null || fail "write file $i"
	sha256sum /mnt/file$i >>/mnt/sums || fail "sum of file $i"
	sync
	echo "DISK-WROTE $i"
done
rm /mnt/more
sync
umount /mnt || fail umount
e2fsck -f -n "$disk" || fail e2fsck
mount -t ext4 "$disk" /mnt || fail "mount again"
sha256sum -c /mnt/sums >/tmp/compared || fail "$(grep -v OK /tmp/compared)"
[ "$(grep -c OK /tmp/compared)" = 30 ] || fail "files are missing"
umount /mnt || fail "umount again"
detach
echo DISK-IS-WELL
