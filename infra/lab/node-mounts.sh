# What every node of the lab does to become one, whatever it lives in: read by node-init.sh and machine-init.sh. Before its functions are
# called, the node's files are at /run/lab/node and the unpacked images at /run/lab/template.

# Folders that are shared with pods: small ones of the node's own.
mount_shared_folders() {
	mkdir -p /run/lock /run/netns /run/containerd /run/acns-hostrouting
	mount -t tmpfs -o mode=0755,size=16m tmpfs /run/netns
	mount -t tmpfs -o mode=0755,size=16m tmpfs /run/acns-hostrouting
}

# Kubernetes' folders, the node's identity, and images, which come unpacked: content and layers are the template's, read only; the
# databases are this node's own copies.
mount_node_files() {
	mkdir -p /var/lib/kubelet /var/lib/containerd /var/lib/cni
	mount --bind /run/lab/node/kubelet /var/lib/kubelet
	mount --bind /run/lab/node/containerd /var/lib/containerd
	mount --bind /run/lab/node/log /var/log

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
}

# The packet filter rules of an AKS node, before anything of Kubernetes runs.
restore_rules() {
	iptables-restore /run/lab/node/rules.v4
	ip6tables-restore /run/lab/node/rules.v6
}
