// The workloads with goroutines. A group is a sync.WaitGroup; cancellation is a context that every goroutine must look
// at itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type figures map[string]float64

var words = map[string]string{}

func number(key string) int {
	value, err := strconv.Atoi(words[key])
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func since(began time.Time) float64 { return float64(time.Since(began).Nanoseconds()) }

func perOperation(run func(count int) float64) float64 {
	seconds, err := strconv.ParseFloat(words["seconds"], 64)
	check(err)
	wanted, count := seconds*1e9, 1
	for {
		took := run(count)
		if took >= wanted {
			return took / float64(count)
		}
		factor := math.Max(2, math.Min(10, 1.2*wanted/math.Max(took, 1)))
		count = int(math.Ceil(float64(count) * factor))
	}
}

func resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	check(err)
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	check(err)
	return float64(pages * os.Getpagesize())
}

func cpu() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

func delays(count int) []time.Duration {
	list := make([]time.Duration, count)
	x := uint32(1)
	for i := range list {
		x = x*1664525 + 1013904223
		list[i] = time.Duration(uint64(x) * 1000000000 >> 32)
	}
	return list
}

func noop() {}

func w1() figures {
	size := number("group")
	ns := perOperation(func(count int) float64 {
		began := time.Now()
		for i := 0; i < count; i++ {
			var group sync.WaitGroup
			group.Add(size)
			for j := 0; j < size; j++ {
				go func() {
					noop()
					group.Done()
				}()
			}
			group.Wait()
		}
		return since(began)
	})
	return figures{"ns": ns / float64(size)}
}

// A goroutine waits in Accept all the while.
func w2() figures {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go listener.Accept()
	tasks := number("tasks")
	ns := perOperation(func(count int) float64 {
		var group sync.WaitGroup
		group.Add(tasks)
		began := time.Now()
		for i := 0; i < tasks; i++ {
			go func() {
				for j := 0; j < count; j++ {
					runtime.Gosched()
				}
				group.Done()
			}()
		}
		group.Wait()
		return since(began)
	})
	return figures{"ns": ns / float64(tasks)}
}

// Starts goroutines and returns when each of them has begun. The caller goes to the end of the line with the last.
func park(count int, f func()) {
	var begun sync.WaitGroup
	begun.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			begun.Done()
			f()
		}()
	}
	begun.Wait()
	runtime.Gosched()
}

func w3() figures {
	tasks := number("tasks")
	never := make(chan struct{})
	wait := func() { <-never }
	if words["mode"] == "sleeping" {
		wait = func() { time.Sleep(time.Hour) }
	}
	debug.FreeOSMemory()
	before := resident()
	began := time.Now()
	park(tasks, wait)
	ns := since(began)
	return figures{"bytes": (resident() - before) / float64(tasks), "ns": ns / float64(tasks)}
}

func w4() figures {
	tasks := number("tasks")
	list := delays(tasks)
	late := make([]float64, tasks)
	used := cpu()
	var group sync.WaitGroup
	group.Add(tasks)
	for i := range list {
		go func(i int) {
			began := time.Now()
			time.Sleep(list[i])
			late[i] = float64((time.Since(began) - list[i]).Nanoseconds())
			group.Done()
		}(i)
	}
	group.Wait()
	used = cpu() - used
	sort.Float64s(late)
	at := func(share float64) float64 { return late[int(math.Ceil(float64(tasks)*share))-1] / 1000 }
	return figures{
		"cpu_ns": used / float64(tasks),
		"min_us": late[0] / 1000,
		"p50_us": at(0.50),
		"p99_us": at(0.99),
		"max_us": at(1),
	}
}

func withTimeout(f func()) {
	_, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	f()
}

func w4b() figures {
	list := delays(number("live"))
	next := 0
	park(len(list), func() {
		delay := 1000*time.Second + list[next]*1000
		next++
		time.Sleep(delay)
	})
	return figures{"ns": perOperation(func(count int) float64 {
		began := time.Now()
		for i := 0; i < count; i++ {
			withTimeout(noop)
		}
		return since(began)
	})}
}

func w6() figures {
	tasks := number("tasks")
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Add(tasks)
	park(tasks, func() {
		<-ctx.Done()
		group.Done()
	})
	began := time.Now()
	cancel()
	group.Wait()
	return figures{"ns": since(began) / float64(tasks)}
}

var errFailure = errors.New("broken")

// What errgroup does, which is not in the standard library.
func failAmongNine() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var group sync.WaitGroup
	var once sync.Once
	var failure error
	start := func(f func(context.Context) error) {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := f(ctx); err != nil {
				once.Do(func() {
					failure = err
					cancel()
				})
			}
		}()
	}
	for i := 0; i < 9; i++ {
		start(func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
	}
	start(func(context.Context) error { return fmt.Errorf("task: %w", errFailure) })
	group.Wait()
	return failure
}

func w8() figures {
	return figures{"ns": perOperation(func(count int) float64 {
		matched := 0
		began := time.Now()
		for i := 0; i < count; i++ {
			if errors.Is(failAmongNine(), errFailure) {
				matched++
			}
		}
		took := since(began)
		if matched != count {
			panic("an error was lost")
		}
		return took
	})}
}

func main() {
	questions := map[string]func() figures{"w1": w1, "w2": w2, "w3": w3, "w4": w4, "w4b": w4b, "w6": w6, "w8": w8}
	for _, word := range os.Args[2:] {
		key, value, _ := strings.Cut(word, "=")
		words[key] = value
	}
	question := questions[os.Args[1]]
	if question == nil || words["mode"] == "event" && os.Args[1] == "w6" {
		fmt.Println("none")
		return
	}
	for name, value := range question() {
		fmt.Printf("%s %.3f ", name, value)
	}
	fmt.Println()
}
