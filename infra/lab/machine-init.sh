#!/bin/busybox sh
# Runs once in a node's virtual machine, after infra/guests/boot.sh has put the file system together, and makes a node of it. busybox' init
# waits for it and then starts the node's programs (machine-service.sh). Everything it needs lies in the node's folder.
# busybox runs its own mount, mkdir and the like without starting a program, which takes an emulated processor a tenth of a second each;
# where another program of the same name is meant, its path says so.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
trap 'if [ $? != 0 ]; then echo "machine: it could not become a node"; busybox poweroff -f; fi' EXIT
node=/run/lab/node
. "$node/machine/node-mounts.sh"
echo "machine: $(uname -r) after $(cut -d' ' -f1 /proc/uptime) s"

mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t securityfs securityfs /sys/kernel/security
mount -t tracefs tracefs /sys/kernel/tracing
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=1777,size=64m tmpfs /tmp
cat "$node/machine/name" >/proc/sys/kernel/hostname
ln -s /usr/lib/hostrouting-lab /run/lab/bin

# Each of the node's programs gets a cgroup below system.slice, as systemd would give it one; pods get theirs from the kubelet.
mkdir /sys/fs/cgroup/system.slice
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control; done

# What the machine's other nodes find loaded. Everything else is loaded by whoever asks for it.
/usr/sbin/modprobe -a br_netfilter nf_conntrack ip_tables ip6_tables
. "$node/machine/network.sh"
mount_shared_folders
mount_node_files
restore_rules
mount --make-rshared /
echo "machine: a node after $(cut -d' ' -f1 /proc/uptime) s"
