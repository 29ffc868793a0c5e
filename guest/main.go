// Command guest is the agent inside of a sealed machine: it does what the host asks for over one byte channel.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"golang.org/x/sys/unix"

	"caisson/guest/boot"
	"caisson/guest/control"
	"caisson/guest/files"
	"caisson/guest/interpreter"
	"caisson/guest/link"
	"caisson/guest/message"
	"caisson/guest/process"
	"caisson/guest/reap"
	"caisson/guest/renew"
	"caisson/guest/serve"
)

// release is set when the agent is built.
var release = "unreleased"

type options struct {
	link, root, groups, template string
	uid, gid                     uint
	memory                       uint64 // of all guest code, if it is not 0
	isMachine, announces         bool
}

func parse(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("guest", flag.ContinueOnError)
	flags.StringVar(&o.link, "link", "stdio", "channel to the host: stdio, unix:PATH, virtio:NAME or vsock:PORT")
	flags.StringVar(&o.root, "root", "/", "directory that the guest's files are in")
	flags.StringVar(&o.groups, "groups", "", "directory of a control group, version 2, to make groups in; none without one")
	flags.StringVar(&o.template, "template", "", "what the guest was booted from")
	flags.UintVar(&o.uid, "uid", 1000, "user that guest code runs as, if the agent may change users")
	flags.UintVar(&o.gid, "gid", 1000, "group that guest code runs as, if the agent may change users")
	flags.BoolVar(&o.isMachine, "machine", false, "set the clock, the chance and the name of this machine")
	flags.BoolVar(&o.announces, "announce", false, "write a line to standard output when the host can connect")
	err := flags.Parse(arguments)
	return o, err
}

func run(o options) error {
	agent, err := assemble(o)
	if err != nil {
		return err
	}
	defer agent.Processes.End()
	channels, err := link.Open(o.link)
	if err != nil {
		return err
	}
	if !o.isMachine {
		go endWhenTold(agent)
	}
	if o.announces {
		fmt.Println("ready")
	}
	for {
		channel, err := channels.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		// However a channel ends, the next one begins anew.
		_ = agent.Serve(channel)
		_ = channel.Close()
	}
}

// endWhenTold ends an agent that is one process among others. A machine ends when its host ends it.
func endWhenTold(agent *serve.Agent) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, unix.SIGTERM, unix.SIGINT)
	<-told
	agent.Processes.End()
	os.Exit(0)
}

func assemble(o options) (*serve.Agent, error) {
	root, err := files.Open(o.root)
	if err != nil {
		return nil, err
	}
	isRoot := os.Geteuid() == 0
	root.UID, root.GID, root.OwnsNew = int(o.uid), int(o.gid), isRoot
	reaper, err := reap.Begin()
	if err != nil {
		return nil, err
	}
	groups, err := openGroups(o)
	if err != nil {
		return nil, err
	}
	var generator *renew.Generator
	if o.isMachine {
		if generator, err = renew.OpenGenerator(); err != nil {
			return nil, err
		}
	}
	table := process.NewTable(&process.Surroundings{
		Reaper: reaper, Groups: groups, Root: o.root, UID: uint32(o.uid), GID: uint32(o.gid), CanChangeUser: isRoot,
	})
	return &serve.Agent{
		Files: root, Groups: groups, Processes: table, Generator: generator, Template: o.template, Release: release,
		Generation: renew.Sample(message.NonceBytes),
	}, nil
}

func openGroups(o options) (*control.Hierarchy, error) {
	if o.groups == "" {
		return nil, nil
	}
	groups, err := control.Open(o.groups)
	if err == nil && o.memory > 0 {
		err = groups.Bound(o.memory)
	}
	return groups, err
}

// bootMachine makes a machine of what the kernel has started, and an agent that owns it.
func bootMachine(o options) (options, error) {
	machine, err := boot.Boot(int(o.uid), int(o.gid))
	if err != nil {
		return o, err
	}
	o.link, o.root, o.isMachine = "virtio:agent.0", "/", true
	o.groups, o.template, o.memory = boot.Groups, machine.Template, machine.GuestBytes
	return o, interpreter.Furnish(boot.Commands, copyOfOwn)
}

// copyOfOwn makes a file of this program: guest code cannot run the one that the machine was booted from.
func copyOfOwn(name string) error {
	if filepath.Base(name) != "interpreter" {
		return os.Symlink("interpreter", name)
	}
	own, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer own.Close()
	made, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(made, own)
	return errors.Join(err, made.Close())
}

func main() {
	// A channel that the host has left shows as an error of the write. A signal that is heard, unlike one that is ignored, is not so
	// for the programs that are started.
	signal.Notify(make(chan os.Signal, 1), unix.SIGPIPE)
	isFirst := os.Getpid() == 1
	if code, ok := runCommand(isFirst); ok {
		os.Exit(code)
	}
	arguments := os.Args[1:]
	if isFirst {
		arguments = nil // the kernel gives its own words
	}
	o, err := parse(arguments)
	if err == nil && isFirst {
		o, err = bootMachine(o)
	}
	if err == nil {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
	}
	if isFirst {
		boot.PowerOff()
	}
	if err != nil {
		os.Exit(1)
	}
}
