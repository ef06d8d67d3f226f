package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rollcall-sync/rollcall/internal/devstack"
)

// meter reads the CPU time of the stack's processes. It depends less than a rate does on what else the
// machine has to do. A meter of none reads nothing.
type meter struct {
	parts map[int]string // by process id
}

func newMeter(pids devstack.PIDs) meter {
	parts := map[int]string{pids.Worker: "worker", pids.Starter: "starter", pids.Temporal: "temporal", pids.Postgres: "postgres"}
	parts[os.Getpid()] = "clients" // with all that runs in this process
	return meter{parts}
}

// read is the CPU seconds that each part has used so far. Those of PostgreSQL's server processes count
// as its own, also once they have ended.
func (m meter) read() (map[string]float64, error) {
	used := map[string]float64{}
	if m.parts == nil {
		return used, nil
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, stat := range stats {
		content, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		process, err := parseStat(string(content))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", stat, err)
		}
		part := m.parts[process.id]
		if m.parts[process.parent] == "postgres" {
			part = "postgres"
		}
		if part != "" {
			used[part] += process.seconds
		}
	}
	return used, nil
}

// stat is a process as Linux tells it.
type stat struct {
	id, parent int
	seconds    float64 // of CPU, of the process and those of its children that it has waited for
}

// ticks are those of a second in which Linux tells CPU time to programs.
const ticks = 100

// parseStat reads a line of /proc/PID/stat, in which the name, in parentheses, may have spaces.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func parseStat(line string) (stat, error) {
	id, _, _ := strings.Cut(line, " ")
	fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("%d fields follow the name", len(fields))
	}
	numbers := make([]int, 0, 6)
	for _, text := range append([]string{id, fields[1]}, fields[11:15]...) {
		number, err := strconv.Atoi(text)
		if err != nil {
			return stat{}, err
		}
		numbers = append(numbers, number)
	}
	return stat{id: numbers[0], parent: numbers[1], seconds: float64(numbers[2]+numbers[3]+numbers[4]+numbers[5]) / ticks}, nil
}

// perRequest is the milliseconds of CPU between two readings, of each part for each request.
func perRequest(before, after map[string]float64, requests int) map[string]float64 {
	spent := map[string]float64{}
	for part, seconds := range after {
		if d := round3(1000 * (seconds - before[part]) / float64(max(requests, 1))); d > 0 {
			spent[part] = d
		}
	}
	return spent
}
