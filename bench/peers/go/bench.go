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
	"os/exec"
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

// How long it takes goroutines to run them.
func together(functions ...func()) float64 {
	var group sync.WaitGroup
	group.Add(len(functions))
	began := time.Now()
	for _, f := range functions {
		go func(f func()) {
			f()
			group.Done()
		}(f)
	}
	group.Wait()
	return since(began)
}

func item(count int) float64 {
	items := make(chan int, number("capacity"))
	return together(func() {
		for i := 0; i < count; i++ {
			items <- i
		}
		close(items)
	}, func() {
		for range items {
		}
	})
}

func trip(count int) float64 {
	there, back := make(chan int, number("capacity")), make(chan int, number("capacity"))
	return together(func() {
		for i := 0; i < count; i++ {
			there <- i
			<-back
		}
		close(there)
	}, func() {
		for i := range there {
			back <- i
		}
	})
}

func w5() figures {
	works := map[string]func(int) float64{"item": item, "trip": trip}
	return figures{"ns": perOperation(works[words["mode"]])}
}

func lock(count int) float64 {
	var mutex sync.Mutex
	began := time.Now()
	for i := 0; i < count; i++ {
		mutex.Lock()
		mutex.Unlock()
	}
	return since(began)
}

// A semaphore is a channel with room for so many.
func semaphore(count int) float64 {
	permits := make(chan struct{}, 1)
	began := time.Now()
	for i := 0; i < count; i++ {
		permits <- struct{}{}
		<-permits
	}
	return since(began)
}

func handedOver(count int) float64 {
	var mutex sync.Mutex
	turns := func() {
		for i := 0; i < (count+1)/2; i++ {
			mutex.Lock()
			runtime.Gosched()
			mutex.Unlock()
		}
	}
	return together(turns, turns)
}

// An event is a channel that gets closed.
func isSet(count int) float64 {
	event := make(chan struct{})
	close(event)
	began := time.Now()
	for i := 0; i < count; i++ {
		<-event
	}
	return since(began)
}

// The next event happens when all have gone on from the last.
func wake(count int) float64 {
	tasks := number("tasks")
	events := make([]chan struct{}, (count+tasks-1)/tasks)
	for i := range events {
		events[i] = make(chan struct{})
	}
	var woken, ended sync.WaitGroup
	ended.Add(tasks)
	began := time.Now()
	park(tasks, func() {
		for _, event := range events {
			<-event
			woken.Done()
		}
		ended.Done()
	})
	for _, event := range events {
		woken.Add(tasks)
		close(event)
		woken.Wait()
	}
	ended.Wait()
	return since(began) * float64(count) / float64(len(events)*tasks)
}

func selectOf(a, b chan int) {
	select {
	case <-a:
	case <-b:
	}
}

func ready(count int) float64 {
	idle, items := make(chan int, 1), make(chan int, 1)
	began := time.Now()
	for i := 0; i < count; i++ {
		items <- i
		selectOf(idle, items)
	}
	return since(began)
}

func waiting(count int) float64 {
	idle, items := make(chan int, 1), make(chan int, 1)
	return together(func() {
		for i := 0; i < count; i++ {
			items <- i
		}
	}, func() {
		for i := 0; i < count; i++ {
			selectOf(idle, items)
		}
	})
}

func w5b() figures {
	works := map[string]func(int) float64{
		"lock": lock, "semaphore": semaphore, "handed_over": handedOver, "set": isSet, "wake": wake,
		"ready": ready, "waiting": waiting,
	}
	return figures{"ns": perOperation(works[words["mode"]])}
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

func makeFiles(bytes, count int) []string {
	folder := fmt.Sprintf("build/bench/files/%d", bytes)
	check(os.MkdirAll(folder, 0o777))
	paths := make([]string, count)
	for i := range paths {
		paths[i] = fmt.Sprintf("%s/%d", folder, i+1)
		if _, err := os.Stat(paths[i]); err != nil {
			check(os.WriteFile(paths[i], []byte(strings.Repeat("x", bytes)), 0o666))
		}
	}
	return paths
}

// Of so many goroutines, each of which calls work with numbers of its own.
func byTasks(work func(i int)) figures {
	tasks := number("tasks")
	ns := perOperation(func(count int) float64 {
		var group sync.WaitGroup
		group.Add(tasks)
		began := time.Now()
		for task := 0; task < tasks; task++ {
			go func(task int) {
				defer group.Done()
				for i := 0; i < count; i++ {
					work(i*tasks + task)
				}
			}(task)
		}
		group.Wait()
		return since(began)
	})
	return figures{"ns": ns / float64(tasks)}
}

func w7f() figures {
	bytes, paths := number("bytes"), []string{words["path"]}
	if paths[0] == "" {
		paths = makeFiles(bytes, number("files"))
	}
	return byTasks(func(i int) {
		data, err := os.ReadFile(paths[i%len(paths)])
		check(err)
		if len(data) < bytes {
			panic("bytes were lost")
		}
	})
}

func w7p() figures {
	return byTasks(func(int) {
		output, err := exec.Command("/bin/true").CombinedOutput()
		check(err)
		if len(output) > 0 {
			panic("it printed something")
		}
	})
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
	questions := map[string]func() figures{
		"w1": w1, "w2": w2, "w3": w3, "w4": w4, "w4b": w4b, "w5": w5, "w5b": w5b, "w6": w6, "w7f": w7f, "w7p": w7p,
		"w8": w8,
	}
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
