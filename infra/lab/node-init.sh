# Runs as root in a node's own network, mount and host name namespaces, gives them what makes a machine a node, and becomes containerd.
# Nothing that is mounted here is seen outside; all of it goes when the node's last process goes.
# Arguments: node name, node folder, programs folder, template folder, boot parts: see node.ts.
set -eu
name=$1 node=$2 programs=$3 template=$4

# Held open, because the mounts below may hide the paths; mount -c takes the descriptor itself and not the path that it was opened by.
exec 5<"$node" 6<"$programs" 7<"$template" 8</sys/fs/cgroup

hostname "$name"
mount -t tmpfs -o mode=0755,size=256m tmpfs /run
mkdir -p /run/lock /run/netns /run/containerd /run/acns-hostrouting /run/lab/node /run/lab/bin /run/lab/template
mount -t tmpfs -o mode=0755,size=16m tmpfs /run/netns
mount -t tmpfs -o mode=0755,size=16m tmpfs /run/acns-hostrouting
mount -c --bind /proc/self/fd/5 /run/lab/node
mount -c --bind /proc/self/fd/6 /run/lab/bin
mount -c --bind /proc/self/fd/7 /run/lab/template
mount -o remount,bind,ro /run/lab/template

# sysfs shows the devices of the network namespace of whoever mounts it.
mount -t sysfs sysfs /sys
mount -c --rbind /proc/self/fd/8 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf

mount -t tmpfs -o mode=0755,size=16m tmpfs /var/lib
mkdir -p /var/lib/kubelet /var/lib/containerd /var/lib/cni
mount --bind /run/lab/node/kubelet /var/lib/kubelet
mount --bind /run/lab/node/containerd /var/lib/containerd
mount --bind /run/lab/node/log /var/log

# Images come unpacked: content and layers are the template's, read only; the databases are this node's own copies.
blobs=io.containerd.content.v1.content/blobs
layers=io.containerd.snapshotter.v1.overlayfs/snapshots
mkdir -p "/var/lib/containerd/$blobs"
mount --bind "/run/lab/template/$blobs" "/var/lib/containerd/$blobs"
for layer in "/run/lab/template/$layers"/*; do
	target=/var/lib/containerd/$layers/${layer##*/}
	mkdir -p "$target"
	mount --bind "$layer" "$target"
done

mount --bind /run/lab/node/os-release "$(readlink -f /etc/os-release)"
if [ -e /etc/machine-id ]; then mount --bind /run/lab/node/machine-id /etc/machine-id; fi

# The kubelet wants these values and would set them for the whole machine.
mkdir -p /run/lab/sysctl
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
	file=/run/lab/sysctl/$(echo "${setting%=*}" | tr / .)
	echo "${setting#*=}" >"$file"
	mount --bind "$file" "/proc/sys/${setting%=*}"
done

iptables-restore /run/lab/node/rules.v4
ip6tables-restore /run/lab/node/rules.v6

# Volumes that ask for HostToContainer see later mounts; private to the machine, shared within the node.
mount --make-rshared /
exec 5<&- 6<&- 7<&- 8<&-
exec containerd --config /run/lab/node/containerd.toml
