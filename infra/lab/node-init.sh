# Runs as root in a node's own network, mount and host name namespaces, gives them what makes a machine a node, and becomes containerd.
# Nothing that is mounted here is seen outside; all of it goes when the node's last process goes.
# Arguments: node name, node folder, programs folder, template folder: see node.ts.
set -eu
name=$1 node=$2 programs=$3 template=$4
. "$(dirname "$0")/node-mounts.sh" # read before the mounts below may hide it

# Held open for the same reason; mount -c takes the descriptor itself and not the path that it was opened by.
exec 5<"$node" 6<"$programs" 7<"$template" 8</sys/fs/cgroup

hostname "$name"
mount -t tmpfs -o mode=0755,size=256m tmpfs /run
mkdir -p /run/lab/node /run/lab/bin /run/lab/template
mount_shared_folders
mount -c --bind /proc/self/fd/5 /run/lab/node
mount -c --bind /proc/self/fd/6 /run/lab/bin
mount -c --bind /proc/self/fd/7 /run/lab/template
mount -o remount,bind,ro /run/lab/template

# sysfs shows the devices of the network namespace of whoever mounts it.
mount -t sysfs sysfs /sys
mount -c --rbind /proc/self/fd/8 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf

mount -t tmpfs -o mode=0755,size=16m tmpfs /var/lib
mount_node_files

# The kubelet wants these values and would set them for the whole machine.
mkdir -p /run/lab/sysctl
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
	file=/run/lab/sysctl/$(echo "${setting%=*}" | tr / .)
	echo "${setting#*=}" >"$file"
	mount --bind "$file" "/proc/sys/${setting%=*}"
done

restore_rules

# Volumes that ask for HostToContainer see later mounts; private to the machine, shared within the node.
mount --make-rshared /
exec 5<&- 6<&- 7<&- 8<&-
exec containerd --config /run/lab/node/containerd.toml
