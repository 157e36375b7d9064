package main

import (
	"io"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// dialTimeout bounds one connection attempt inside the namespace; the API server is one hop away.
const dialTimeout = 5 * time.Second

// serveDoor accepts on listen in the namespace it was started in and forwards each connection to target inside the
// namespace behind netnsFile. It returns only when it can no longer accept.
func serveDoor(netnsFile, listen, target string) error {
	namespace, err := os.Open(netnsFile)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			return err
		}
		go forward(client.(*net.TCPConn), namespace, target)
	}
}

// forward copies both directions and hands a half-close on, which kubectl exec and port-forward depend on.
func forward(client *net.TCPConn, namespace *os.File, target string) {
	defer client.Close()
	server, err := dialInside(namespace, target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		io.Copy(server, client)
		server.CloseWrite()
	}()
	io.Copy(client, server)
	client.CloseWrite()
}

type dialled struct {
	connection net.Conn
	err        error
}

// dialInside opens the socket on a thread that has entered the namespace. A socket keeps the namespace that it was
// opened in; the thread never leaves it, so it is not unlocked and dies with the goroutine.
func dialInside(namespace *os.File, target string) (*net.TCPConn, error) {
	answer := make(chan dialled, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			answer <- dialled{nil, err}
			return
		}
		connection, err := net.DialTimeout("tcp", target, dialTimeout)
		answer <- dialled{connection, err}
	}()
	result := <-answer
	if result.err != nil {
		return nil, result.err
	}
	return result.connection.(*net.TCPConn), nil
}
