package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/rollcall-sync/rollcall/internal/devstack"
	"github.com/rollcall-sync/rollcall/internal/directory"
)

// bars are the progress bars of several accounts in a terminal, one below the other, and a line for
// each stage elsewhere. They are safe for concurrent use.
type bars struct {
	out      io.Writer
	terminal bool
	accounts []devstack.Account

	mu     sync.Mutex
	stages []directory.Stage
	lines  []string // that are drawn, "" for an account without a run
	drawn  int      // lines on the screen
}

func newBars(out io.Writer, accounts []devstack.Account) *bars {
	b := &bars{out: out, accounts: accounts, stages: make([]directory.Stage, len(accounts)), lines: make([]string, len(accounts))}
	if file, ok := out.(*os.File); ok {
		info, err := file.Stat()
		b.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return b
}

const barWidth = 24

// draw shows how far the run of an account has come.
func (b *bars) draw(account int, p progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := b.accounts[account].Name
	if !b.terminal {
		if p.Stage != b.stages[account] {
			_, _ = fmt.Fprintf(b.out, "%s: %s\n", name, p.Stage)
			b.stages[account] = p.Stage
		}
		return
	}
	filled := 0
	if p.Total > 0 {
		filled = min(p.Done*barWidth/p.Total, barWidth)
	}
	b.lines[account] = fmt.Sprintf("%-16s %-11s [%s%s] %d/%d %.0f/s", name, p.Stage, strings.Repeat("█", filled), strings.Repeat("·", barWidth-filled), p.Done, p.Total, p.PerSecond)
	b.redraw()
}

func (b *bars) redraw() {
	screen := b.home()
	for _, line := range b.lines {
		if line != "" {
			screen += line + "\n"
			b.drawn++
		}
	}
	_, _ = io.WriteString(b.out, screen)
}

// home goes back to where the bars begin and clears the screen from there.
func (b *bars) home() string {
	if b.drawn == 0 {
		return ""
	}
	up := fmt.Sprintf("\x1b[%dA\x1b[J", b.drawn)
	b.drawn = 0
	return up
}

// clear takes the bars off the screen.
func (b *bars) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _ = io.WriteString(b.out, b.home())
}
