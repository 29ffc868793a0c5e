package process

import (
	"errors"
	"math"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"caisson/guest/channel"
	"caisson/guest/message"
	"caisson/guest/reap"
)

// afterEnd is how long the output of a process may still be read after its end, if somebody it has started has it open and did not
// end with it.
const afterEnd = 100 * time.Millisecond

// timeoutMillisMax is the longest time that a clock can be set to: some hundred years.
const timeoutMillisMax = message.Count(math.MaxInt64 / time.Millisecond)

// watch sees a process to its end.
func (p *Process) watch(e *message.Execute, pipes *pipes, ended <-chan reap.Ended) {
	outlets := []*channel.Outlet{p.Output, p.Errors}
	var reading sync.WaitGroup
	for i, file := range pipes.outputs {
		reading.Go(func() { pump(file, outlets[i]) })
	}
	end := p.await(e.TimeoutMillis, ended)
	wall := time.Since(p.started)
	if e.Leftovers == message.EndThem && p.group != nil {
		_ = p.group.Kill()
	}
	for _, file := range pipes.outputs {
		_ = file.SetReadDeadline(time.Now().Add(afterEnd))
	}
	reading.Wait()
	for _, outlet := range outlets {
		_ = outlet.Close()
	}
	p.exit = p.describe(end, wall)
	p.cleanUp(e, pipes)
	close(p.exited)
}

// await waits for the end of a process, which comes at the latest when its time is over. What it leaves behind has no such time.
func (p *Process) await(timeoutMillis message.Count, ended <-chan reap.Ended) reap.Ended {
	if timeoutMillis > 0 {
		timer := time.AfterFunc(time.Duration(min(timeoutMillis, timeoutMillisMax))*time.Millisecond, func() {
			p.isLate.Store(true)
			p.Kill()
		})
		defer timer.Stop()
	}
	return <-ended
}

func (p *Process) describe(end reap.Ended, wall time.Duration) message.Exit {
	exit := message.Exit{
		How:        message.Exited,
		WallMillis: message.Count(wall.Milliseconds()),
		CPUMillis:  message.Count((end.Usage.Utime.Nano() + end.Usage.Stime.Nano()) / int64(time.Millisecond)),
		Output:     message.Count(p.Output.Total()),
		Errors:     message.Count(p.Errors.Total()),
	}
	if end.Status.Signaled() {
		signal := int(end.Status.Signal())
		exit.How, exit.Signal = message.Signalled, &signal
	} else {
		code := end.Status.ExitStatus()
		exit.Code = &code
	}
	peak := message.Count(end.Usage.Maxrss) * 1_024
	exit.MemoryBytes = &peak
	if p.group != nil {
		p.measure(&exit)
	}
	if p.isLate.Load() {
		exit.How = message.TimedOut
	}
	return exit
}

func (p *Process) measure(exit *message.Exit) {
	if millis, ok := p.group.CPUMillis(); ok {
		exit.CPUMillis = millis
	}
	if bytes, ok := p.group.MemoryPeak(); ok {
		exit.MemoryBytes = &bytes
	}
	if p.group.IsOutOfProcesses() {
		exit.How = message.OutOfProcesses
	}
	if p.group.IsOutOfMemory() {
		exit.How = message.OutOfMemory
	}
}

// cleanUp lets go of what the process had. What stays behind keeps its group and its pipes.
func (p *Process) cleanUp(e *message.Execute, pipes *pipes) {
	if p.terminal == nil {
		p.EndInput()
	}
	isAlone := e.Leftovers == message.EndThem || p.group == nil || p.group.IsEmpty()
	for _, file := range pipes.outputs {
		if isAlone {
			_ = file.Close()
			continue
		}
		go discard(file)
	}
	if p.group != nil && isAlone && p.group.AwaitEmpty() == nil {
		_ = p.group.Remove()
	}
}

func discard(file *os.File) {
	_ = file.SetReadDeadline(time.Time{})
	pump(file, nil)
	_ = file.Close()
}

const readBytes = 32_768

// pump reads a file to its end, or to its deadline, and then what is still there.
func pump(file *os.File, into *channel.Outlet) {
	buffer := make([]byte, readBytes)
	for {
		n, err := file.Read(buffer)
		write(into, buffer[:n])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			rest(file, into, buffer)
			return
		}
		if err != nil {
			return
		}
	}
}

func write(into *channel.Outlet, bytes []byte) {
	if into != nil && len(bytes) > 0 {
		_, _ = into.Write(bytes)
	}
}

// restMax is how much may still be read after the deadline: what a pipe holds, and not what somebody goes on to write.
const restMax = 1_048_576

// rest reads what is there without waiting.
func rest(file *os.File, into *channel.Outlet, buffer []byte) {
	raw, err := file.SyscallConn()
	if err != nil {
		return
	}
	for read := 0; read < restMax; {
		n := 0
		_ = raw.Control(func(descriptor uintptr) { n, err = unix.Read(int(descriptor), buffer) })
		if n <= 0 || err != nil {
			return
		}
		read += n
		write(into, buffer[:n])
	}
}
