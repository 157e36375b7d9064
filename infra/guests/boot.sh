#!/bin/busybox sh
# The first process of a lab's virtual machine: puts the machine's file system together from its disks and becomes the machine's own init.
# Disks, in this order: programs, kernel modules, unpacked images (these three are never written), and the machine's own, whose folder
# root/ lies over the programs and takes whatever is written to them.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "$module"; done </modules/boot
until [ -b /dev/vdd ]; do sleep 0.1; done

mkdir -p /disk/programs /disk/own /machine
mount -o ro /dev/vda /disk/programs
mount -o noinit_itable /dev/vdd /disk/own
mount -t overlay -o lowerdir=/disk/programs,upperdir=/disk/own/root,workdir=/disk/own/work overlay /machine
mount -o ro /dev/vdb /machine/usr/lib/modules
mount -t tmpfs -o mode=0755 tmpfs /machine/run
mkdir -p /machine/run/lab/node /machine/run/lab/template
mount --move /disk/own /machine/run/lab/node
mount -o ro /dev/vdc /machine/run/lab/template
for place in dev proc sys; do mount --move "/$place" "/machine/$place"; done
exec switch_root /machine /bin/busybox init
