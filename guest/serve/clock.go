package serve

import (
	"errors"

	"caisson/guest/message"
	"caisson/guest/renew"
)

var errNoMachine = errors.New("the clock is not this agent's to set")

func (a *Agent) setClock(c *message.Clock) (any, error) {
	if a.Generator == nil {
		return nil, &message.Refusal{Code: "Unsupported", Message: errNoMachine.Error()}
	}
	return message.Done{}, renew.Clock(c.Seconds, c.Nanos)
}
