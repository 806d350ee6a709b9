# An ext4 on the disk is mounted, written file by file, each flushed, a file is
# removed and trimmed, then all is checked and read.
. /common.sh
disk=/dev/$device # the only one
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
