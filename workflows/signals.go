package workflows

import (
	"go.temporal.io/sdk/workflow"
)

// signals are the channels of DirectorySync with what each does, in a fixed order.
type signals []signal

type signal struct {
	channel workflow.ReceiveChannel
	apply   func(*directorySync, Request)
}

func subscribe(ctx workflow.Context) signals {
	channel := func(name string) workflow.ReceiveChannel { return workflow.GetSignalChannel(ctx, name) }
	return signals{
		{channel(SignalSyncNow), (*directorySync).syncNow},
		{channel(SignalUndo), (*directorySync).undo},
		{channel(SignalRerun), (*directorySync).rerun},
		{channel(SignalDisable), (*directorySync).disable},
		{channel(SignalEnable), (*directorySync).enable},
		{channel(SignalDelete), (*directorySync).delete},
		{channel(SignalSettingsChanged), (*directorySync).settingsChanged},
	}
}

func (all signals) addTo(ctx workflow.Context, selector workflow.Selector, s *directorySync) {
	for _, signal := range all {
		selector.AddReceive(signal.channel, func(c workflow.ReceiveChannel, _ bool) {
			var r Request
			c.Receive(ctx, &r)
			signal.apply(s, r)
		})
	}
}

// drain takes in every signal that has arrived, without waiting.
func (all signals) drain(s *directorySync) {
	for _, signal := range all {
		var r Request
		for signal.channel.ReceiveAsync(&r) {
			signal.apply(s, r)
			r = Request{}
		}
	}
}
