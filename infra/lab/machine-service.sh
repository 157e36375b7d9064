#!/bin/sh
# Runs one of the programs of a node's virtual machine in a cgroup of its own, and says on the console what the program says, behind its
# name. busybox' init starts it again when it ends, a second later. Argument: the program's name, whose command is in the node's folder.
name=$1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 GOGC=50
cgroup=/sys/fs/cgroup/system.slice/$name.service
mkdir -p "$cgroup"
(
	echo 0 >"$cgroup/cgroup.procs"
	# The kubelet ends when containerd does not listen.
	while [ "$name" = kubelet ] && [ ! -S /run/containerd/containerd.sock ]; do sleep 0.1; done
	. "/run/lab/node/machine/$name.command"
) 2>&1 | sed -u "s/^/$name: /"
echo "$name: ended"
sleep 1
