#!/bin/sh
# The files of the installation medium came with the initrd, below /cdrom. cdrom-detect
# takes what is mounted there for its medium, and leaves to who mounted it what it does for
# one that it has found itself.

log() {
	logger -t cdrom-detect "$@"
}

if ! mount -o bind /cdrom /cdrom; then
	log "the medium that came with the initrd can't be mounted"
	exit 0
fi
log "the medium came with the initrd: $(cat /cdrom/.disk/info)"
cp /cdrom/.disk/info /var/log/media-info

# shellcheck source=/dev/null
. /usr/share/debconf/confmodule

# The distribution to install: the installer's own where the medium has that.
for name in $(cat /etc/default-release) $(ls /cdrom/dists); do
	release=/cdrom/dists/$name/Release
	if [ -e "$release" ]; then
		codename=$(sed -n 's/^Codename: *//p' "$release")
		db_set cdrom/suite "$(sed -n 's/^Suite: *//p' "$release")"
		db_set cdrom/codename "$codename"
		break
	fi
done

# Without this apt-setup unmounts the medium to mount it from its device, and there is
# nothing to eject in the end.
db_set cdrom-detect/hybrid true
db_set cdrom-detect/eject false

# What sets up the sources of packages.
anna-install apt-mirror-setup
if [ -e /cdrom/.disk/base_installable ]; then
	anna-install apt-cdrom-setup
	anna-install "$codename-support"
else
	anna-install choose-mirror
fi
