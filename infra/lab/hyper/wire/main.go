// Command wire holds the lab's two small network programs, apart from the large binary because their memory counts:
//
//	wire door <netns file> <listen> <target>   a TCP forwarder that listens here and dials inside the network namespace
//	wire outside                               the hosts that pods may try to reach beyond the cluster
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "wire:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "door":
		return serveDoor(args[1], args[2], args[3])
	case len(args) == 1 && args[0] == "outside":
		return serveOutside()
	}
	return fmt.Errorf("use: wire door <netns file> <listen> <target> | wire outside")
}
