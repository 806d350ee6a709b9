#!/bin/sh
# make.sh NETBOOT ISO makes a CD image of Debian's installer out of NETBOOT, Debian's tree
# for network boots. Its initrd is that of the tree without all that is for networks: the
# drivers of cards, netcfg and what finds a card are packages on the CD, made of the very
# files, and of cdrom-detect and what loads from a CD there are stand-ins.
set -eu
netboot=$1/debian-installer/amd64 iso=$2 here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
initrd=$work/initrd cd=$work/cd
mkdir -p "$initrd" "$cd/.disk" "$cd/install.amd/gtk" "$cd/isolinux" "$cd/pool/main/t/test" "$cd/dists/bookworm/main/debian-installer/binary-amd64"
zcat "$netboot/initrd.gz" | (cd "$initrd" && cpio -id --quiet)
info=var/lib/dpkg/info
version=$(basename "$initrd"/lib/modules/*)

# What goes into a package of the CD: its name, and files of the initrd.
package() {
	tree=$work/$1
	name=$1
	shift
	mkdir -p "$tree/DEBIAN"
	for file; do
		mkdir -p "$tree/$(dirname "$file")"
		mv "$initrd/$file" "$tree/$file"
	done
	for script in postinst templates; do
		[ ! -e "$initrd/$info/$name.$script" ] || mv "$initrd/$info/$name.$script" "$tree/DEBIAN/$script"
	done
	cat >"$tree/DEBIAN/control"
	file=pool/main/t/test/${name}_1_amd64.udeb
	dpkg-deb --build --root-owner-group -Zxz -z1 "$tree" "$cd/$file" >/dev/null
	{
		cat "$tree/DEBIAN/control"
		echo "Filename: $file"
		echo "Size: $(stat -c %s "$cd/$file")"
		echo "SHA256: $(sha256sum "$cd/$file" | cut -d ' ' -f 1)"
		echo
	} >>"$work/Packages"
	echo "$name" >>"$cd/.disk/udeb_include"
}

drivers=lib/modules/$version/kernel/drivers/net
package "nic-modules-$version-di" "$drivers/virtio_net.ko" "$drivers/net_failover.ko" lib/modules/"$version"/kernel/net/core/failover.ko "$drivers/ethernet/intel/e1000/e1000.ko" <<END
Package: nic-modules-$version-di
Version: 1
Architecture: amd64
Maintainer: nobody <nobody@example.com>
Priority: standard
Provides: nic-modules
Kernel-Version: $version
Description: drivers of network cards
END
package ethdetect bin/ethdetect <<END
Package: ethdetect
Version: 1
Architecture: amd64
Maintainer: nobody <nobody@example.com>
Priority: standard
Provides: ethernet-card-detection
Depends: hw-detect
Installer-Menu-Item: 1700
Description: finds network cards
END
package netcfg bin/netcfg <<END
Package: netcfg
Version: 1
Architecture: amd64
Maintainer: nobody <nobody@example.com>
Priority: standard
Provides: configured-network
Depends: ethernet-card-detection
Installer-Menu-Item: 1800
Description: configures the network
END

rm -rf "${initrd:?}/$drivers" "$initrd"/$info/choose-mirror* "$initrd"/$info/*net-retriever* "$initrd"/$info/download-installer* "$initrd"/$info/network-preseed* \
	"$initrd"/bin/choose-mirror "$initrd"/usr/lib/debian-installer/retriever/net-retriever
awk 'BEGIN { RS = ""; ORS = "\n\n" } !/^Package: (choose-mirror|choose-mirror-bin|download-installer|ethdetect|net-retriever|netcfg|network-preseed|nic-[a-z-]*modules-[^\n]*)\n/' \
	"$initrd/var/lib/dpkg/status" >"$work/status"
cat "$work/status" "$here/status" >"$initrd/var/lib/dpkg/status"
cp "$here"/info/* "$initrd/$info/"
cp "$here/cdrom-retriever" "$initrd/usr/lib/debian-installer/retriever/"
(cd "$initrd" && find . | cpio -o -H newc --quiet) | gzip -1 >"$cd/install.amd/initrd.gz"
cp "$netboot/linux" "$cd/install.amd/vmlinuz"
cp "$cd"/install.amd/vmlinuz "$cd"/install.amd/initrd.gz "$cd/install.amd/gtk/"

gzip <"$work/Packages" >"$cd/dists/bookworm/main/debian-installer/binary-amd64/Packages.gz"
printf 'Suite: stable\nCodename: bookworm\nComponents: main\n' >"$cd/dists/bookworm/Release"
ln -s bookworm "$cd/dists/stable"
ln -s . "$cd/debian"
echo 'Debian GNU/Linux 12 "Bookworm" - test amd64 NETINST' >"$cd/.disk/info"
: >"$cd/.disk/base_installable"
cat >"$cd/isolinux/isolinux.cfg" <<'END'
default vesamenu.c32
label install
	menu label ^Install
	menu default
	kernel /install.amd/vmlinuz
	append vga=788 initrd=/install.amd/initrd.gz --- quiet
label installgui
	menu label ^Graphical install
	kernel /install.amd/gtk/vmlinuz
	append vga=788 initrd=/install.amd/gtk/initrd.gz --- quiet
END
xorriso -as mkisofs -quiet -R -J -V 'Debian 12 amd64 n' -o "$iso" "$cd"
