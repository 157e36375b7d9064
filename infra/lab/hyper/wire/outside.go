package main

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// sourcesMax bounds the memory of who called; a test looks at the newest few.
const sourcesMax = 1024

// webAddresses: the wireserver with its two ports, the metadata service, and a host on the internet in both families.
var webAddresses = []string{"168.63.129.16:80", "168.63.129.16:32526", "169.254.169.254:80", "203.0.113.10:80", "[2001:db8:cb00::10]:80"}

const nameServerAddress = "168.63.129.16:53"

// call is one request as the outside saw it: which of its addresses was asked, and from where.
type call struct {
	At     time.Time `json:"at"`
	Host   string    `json:"host"`
	Source string    `json:"source"`
	Path   string    `json:"path"`
}

type callLog struct {
	lock  sync.Mutex
	calls []call
}

func (log *callLog) add(entry call) {
	log.lock.Lock()
	defer log.lock.Unlock()
	log.calls = append(log.calls, entry)
	if len(log.calls) > sourcesMax {
		log.calls = log.calls[len(log.calls)-sourcesMax:]
	}
}

func (log *callLog) list() []call {
	log.lock.Lock()
	defer log.lock.Unlock()
	return append([]call{}, log.calls...)
}

// serveOutside answers on every outside address: GET /sources lists the calls seen, any other path answers with the caller's
// own address as it arrived, which shows whether it was masqueraded.
func serveOutside() error {
	log := &callLog{}
	failed := make(chan error, 1)
	report := func(err error) {
		select {
		case failed <- err:
		default:
		}
	}
	for _, address := range webAddresses {
		server := &http.Server{Addr: address, Handler: answerWeb(log, address), ReadHeaderTimeout: 5 * time.Second}
		go func() { report(server.ListenAndServe()) }()
	}
	go func() { report(serveNamesUDP()) }()
	go func() { report(serveNamesTCP()) }()
	return <-failed
}

func answerWeb(log *callLog, address string) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("content-type", "application/json")
		if request.URL.Path == "/sources" {
			json.NewEncoder(answer).Encode(log.list())
			return
		}
		entry := call{At: time.Now().UTC(), Host: address, Source: request.RemoteAddr, Path: request.URL.Path}
		log.add(entry)
		json.NewEncoder(answer).Encode(entry)
	})
}

func serveNamesUDP() error {
	socket, err := net.ListenPacket("udp", nameServerAddress)
	if err != nil {
		return err
	}
	buffer := make([]byte, 1500)
	for {
		size, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if reply := nameNotFound(buffer[:size]); reply != nil {
			socket.WriteTo(reply, from)
		}
	}
}

func serveNamesTCP() error {
	listener, err := net.Listen("tcp", nameServerAddress)
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go answerOneName(connection)
	}
}

// answerOneName: RFC 7766 framing, a two-byte length before the message.
func answerOneName(connection net.Conn) {
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(5 * time.Second))
	var length [2]byte
	if _, err := io.ReadFull(connection, length[:]); err != nil {
		return
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(connection, query); err != nil {
		return
	}
	if reply := nameNotFound(query); reply != nil {
		binary.BigEndian.PutUint16(length[:], uint16(len(reply)))
		connection.Write(append(length[:], reply...))
	}
}

// nameNotFound turns a query into the answer NXDOMAIN (RFC 1035 section 4.1.1): nothing outside the lab has a name in it.
func nameNotFound(query []byte) []byte {
	const headerBytes, responseBit, nameError = 12, 0x80, 3
	if len(query) < headerBytes || query[2]&responseBit != 0 {
		return nil
	}
	reply := append([]byte{}, query...)
	reply[2] |= responseBit
	reply[3] = reply[3]&0xf0 | nameError
	return reply
}
