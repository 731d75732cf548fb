// W7: an echo server: a goroutine for each connection. io.Copy would move the bytes inside the kernel.
package main

import (
	"fmt"
	"net"
)

const chunkMax = 32768

func echo(peer net.Conn) {
	defer peer.Close()
	chunk := make([]byte, chunkMax)
	for {
		n, err := peer.Read(chunk)
		if err != nil {
			return
		}
		if _, err = peer.Write(chunk[:n]); err != nil {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		peer, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go echo(peer)
	}
}
