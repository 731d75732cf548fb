// W9: one goroutine prints.
package main

import (
	"fmt"
	"sync"
)

func main() {
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		fmt.Println("hello")
	}()
	group.Wait()
}
