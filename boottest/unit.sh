# Boots systemd in a container whose root is this system's, under an overlay that
# is gone afterwards, and has it run systemd/spur.service.
#
#   unshare --mount --pid --mount-proc --fork --kill-child sh unit.sh FOLDER NETWORK SPUR UNIT KERNEL INITRD ARGUMENT…
#
# FOLDER is empty. KERNEL and INITRD are served as /srv/boot/vmlinuz and initrd.
set -eu
folder=$1 network=$2 spur=$3 unit=$4 kernel=$5 initrd=$6
shift 6
mount -t tmpfs none "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
root=$folder/root

install -m 755 "$spur" "$root/usr/local/bin/spur"
install -m 644 "$unit" "$root/etc/systemd/system/spur.service"
mkdir -p "$root/srv/boot" "$root/var/log/journal"
install -m 644 "$kernel" "$root/srv/boot/vmlinuz"
install -m 644 "$initrd" "$root/srv/boot/initrd"
echo "SPUR_COMMAND=\"boot /srv/boot/vmlinuz /srv/boot/initrd $*\"" >"$root/etc/default/spur"
rm -f "$root/etc/machine-id"
touch "$root/etc/machine-id"

# nspawn's own filter of system calls knows nothing of Landlock.
export SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --quiet --directory="$root" --machine="spur-$$" --boot --register=no --keep-unit --link-journal=no \
	--console=pipe --network-namespace-path="$network" \
	-- systemd.unit=spur.service systemd.show_status=0
