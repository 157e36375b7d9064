#!/bin/sh
# Runs one of the programs of a node's virtual machine in a cgroup of its own, and says on the console what the program says, behind its
# name. busybox' init starts it again when it ends, a second later; all start at once, and the kubelet takes longer than containerd, without
# which it would end. Argument: the program's name, whose command is in the node's folder.
name=$1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
cgroup=/sys/fs/cgroup/system.slice/$name.service
mkdir -p "$cgroup"
(
	echo 0 >"$cgroup/cgroup.procs"
	. "/run/lab/node/machine/$name.command"
) 2>&1 | sed -u "s/^/$name: /"
echo "$name: ended"
sleep 1
