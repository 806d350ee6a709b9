# Mounts the medium in each way that systems do, reads all of it, and goes on while its
# server is ended and started.
server=10.77.0.1
fail() {
	echo "NFS-FAILED $*"
	dmesg | tail -n 20
	exit 1
}
compare() { # what is mounted, with what it should be
	echo 3 >/proc/sys/vm/drop_caches
	(cd /mnt && sha256sum -c /sums) >/tmp/compared 2>&1 || fail "$1: $(grep -v OK /tmp/compared)"
	(cd /mnt && find . -type d -o -type l | sort | xargs stat -c '%n %a %F') >/tmp/stats
	(cd /mnt && find . -type f | sort | xargs stat -c '%n %a %s') >>/tmp/stats
	diff /stats /tmp/stats || fail "$1: other attributes"
	[ "$(readlink /mnt/link)" = live/filesystem.squashfs ] || fail "$1: the link"
	touch /mnt/new 2>/dev/null && fail "$1: it can be written to"
	grep ' /mnt nfs ' /proc/mounts
}
mkdir -p /mnt
chmod +x /bin/nfsmount /lib/klibc-*.so
mount -t nfs -o "ro,vers=3,proto=tcp,nolock,addr=$server,port=2049,mountport=2049,mountproto=tcp" \
	$server:"$medium" /mnt || fail "mount, by ports"
compare "by ports"
umount /mnt || fail umount
echo NFS-BY-PORTS

nfsmount -o nolock,ro $server:"$medium" /mnt || fail "nfsmount, by the portmapper"
compare "nfsmount"
umount /mnt || fail umount
echo NFS-BY-PORTMAPPER
read -r _

nfsmount -o nolock,ro,port=2049 $server:"$medium" /mnt || fail "nfsmount, without a portmapper"
i=0
while [ $i -lt 6 ]; do
	i=$((i + 1))
	compare "the time $i"
	echo "NFS-COMPARED $i"
done
umount /mnt || fail umount
echo NFS-IS-WELL
