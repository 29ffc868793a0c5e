package serve

import (
	"io"

	"caisson/guest/channel"
	"caisson/guest/message"
)

func (a *Agent) read(stream *channel.Stream, r *message.Read) (any, error) {
	file, err := a.Files.Read(r.Path, int64(r.Offset))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var from io.Reader = file
	if r.Length != nil {
		from = io.LimitReader(file, int64(*r.Length))
	}
	output := stream.Output()
	defer output.Close()
	_, err = io.Copy(output, from)
	return message.Done{}, err
}

func (a *Agent) write(stream *channel.Stream, w *message.Write) (any, error) {
	if w.IsAppended {
		return message.Done{}, a.Files.Append(w.Path, w.Mode, stream.In)
	}
	_, err := a.Files.Write(w.Path, w.Mode, stream.In)
	return message.Done{}, err
}
