#!/bin/busybox sh
# The guest's first process: mounts what the kernel offers, lets Node report on the second serial line, and switches the machine off.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t securityfs security /sys/kernel/security
mount -t tmpfs tmp /tmp
ip link set lo up
while read -r module; do insmod "$module" || echo "module $module was refused"; done </modules/base
echo "node begins after $(cut -d' ' -f1 /proc/uptime) s"
script=$(sed -n 's/.*guest\.script=\([a-z.-]*\).*/\1/p' /proc/cmdline)
node --disable-warning=ExperimentalWarning "/checkout/test/vm/guest/$script" >/dev/ttyS1
echo "node ended with $? after $(cut -d' ' -f1 /proc/uptime) s"
poweroff -f
