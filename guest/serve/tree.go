package serve

import (
	"encoding/binary"
	"fmt"
	"io"

	"caisson/guest/channel"
	"caisson/guest/message"
)

func (a *Agent) tree(stream *channel.Stream, t *message.Tree) (any, error) {
	switch t.Op {
	case "list":
		return a.list(stream, t)
	case "remove":
		return message.Done{}, a.Files.Remove(t.Path, t.IsRecursive)
	case "watch":
		return a.watch(stream, t)
	default:
		return nil, fmt.Errorf("%s is not served", t.Op)
	}
}

func (a *Agent) place(stream *channel.Stream, p *message.Place) (any, error) {
	switch p.Op {
	case "stat":
		return a.Files.Stat(p.Path)
	case "makeDirectory":
		return message.Done{}, a.Files.MakeDirectory(p.Path)
	case "put":
		return a.Files.Unpack(p.Path, stream.In)
	case "get":
		output := stream.Output()
		defer output.Close()
		return a.Files.Pack(p.Path, output)
	default:
		return nil, fmt.Errorf("%s is not served", p.Op)
	}
}

func (a *Agent) list(stream *channel.Stream, t *message.Tree) (any, error) {
	output := stream.Output()
	defer output.Close()
	return message.Done{}, a.Files.List(t.Path, t.IsRecursive, func(entry message.Entry) error {
		if stream.Context.Err() != nil {
			return channel.ErrReset
		}
		return record(output, entry)
	})
}

// record writes a message with its length before it.
func record(to io.Writer, m any) error {
	payload, err := message.Encode(m)
	if err != nil {
		return err
	}
	_, err = to.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(payload))), payload...))
	return err
}

// watch tells of changes, each time that the host asks with a byte, until it has heard enough.
func (a *Agent) watch(stream *channel.Stream, t *message.Tree) (any, error) {
	watch, err := a.Files.NewWatch(t.Path, t.IsRecursive)
	if err != nil {
		return nil, err
	}
	defer watch.Close()
	if err := stream.Note(message.Ready{Note: "ready"}); err != nil {
		return nil, err
	}
	output := stream.Output()
	defer output.Close()
	for question := make([]byte, 1); ; {
		if _, err := io.ReadFull(stream.In, question); err != nil {
			return message.Done{}, nil
		}
		changes, err := watch.Since()
		if err != nil {
			return nil, err
		}
		for _, change := range changes {
			if err := record(output, change); err != nil {
				return nil, err
			}
		}
		if err := record(output, message.Told{Changes: message.Count(len(changes))}); err != nil {
			return nil, err
		}
	}
}
