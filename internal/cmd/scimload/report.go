package main

import (
	"math"
	"runtime"
	"slices"
	"time"
)

// Report is what the command prints.
type Report struct {
	Users   int     `json:"users"`
	Clients int     `json:"clients"`
	Group   int     `json:"group_members"`
	Machine Machine `json:"machine"`
	Floor   []Phase `json:"floor"`
	Phases  []Phase `json:"phases"`
	Goals   []Goal  `json:"goals,omitempty"`
}

// Machine is what the figures were taken on.
type Machine struct {
	CPUs     int               `json:"cpus"`
	Go       string            `json:"go"`
	Load     string            `json:"load_average"`       // at the start, over 1, 5 and 15 minutes
	Postgres map[string]string `json:"postgres,omitempty"` // settings, of the stack of its own
}

// Phase is one kind of request, or of the least that one takes, under all clients.
type Phase struct {
	Name       string  `json:"name"`
	Requests   int     `json:"requests"` // those answered as they should be
	PerSecond  float64 `json:"per_second"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`
	Errors     int     `json:"errors"`
	FirstError string  `json:"first_error,omitempty"`
	Ratio      float64 `json:"ratio,omitempty"` // of the floor's rate to this one
	RatioTo    string  `json:"ratio_to,omitempty"`
	// CPU is the milliseconds of CPU that each part of the stack used for a request.
	CPU map[string]float64 `json:"cpu_ms,omitempty"`
	// Room is how many a second the CPUs have time for, all parts together.
	Room float64 `json:"cpu_room_per_second,omitempty"`
}

// Goal is a rate to reach.
type Goal struct {
	Name  string  `json:"name"`
	Least float64 `json:"least_per_second"`
	Got   float64 `json:"got"`
	Met   bool    `json:"met"`
}

// The parts of the floor, and the phases.
const (
	commits  = "durable single-row INSERT"
	requests = "empty HTTP handler"

	filling       = "create, until there are enough"
	creates       = "create"
	reads         = "read"
	lookups       = "filter by userName"
	indexPages    = "list page by index"
	cursorPages   = "list page by cursor"
	patches       = "patch title"
	memberPatches = "patch members of the large group"
)

// goals are the rates to reach.
var goals = map[string]float64{creates: 2000, reads: 5000}

func newMachine() (Machine, error) {
	load, err := loadAverage()
	return Machine{CPUs: runtime.NumCPU(), Go: runtime.Version(), Load: load}, err
}

func newPhase(name string, t tally, took time.Duration) Phase {
	p := Phase{
		Name: name, Requests: len(t.took), Errors: t.errors, PerSecond: round(float64(len(t.took)) / took.Seconds()),
		P50: milliseconds(percentile(t.took, 50)), P99: milliseconds(percentile(t.took, 99)), Max: milliseconds(percentile(t.took, 100)),
	}
	if t.first != nil {
		p.FirstError = t.first.Error()
	}
	return p
}

// compare works out how many times slower than its floor each phase is, and whether the goals are
// met: what writes is compared with commits, what reads with empty requests.
func (r *Report) compare() {
	for i := range r.Phases {
		p := &r.Phases[i]
		floor := requests
		if slices.Contains([]string{filling, creates, patches, memberPatches}, p.Name) {
			floor = commits
		}
		at := slices.IndexFunc(r.Floor, func(f Phase) bool { return f.Name == floor })
		if at >= 0 && p.PerSecond > 0 {
			p.Ratio, p.RatioTo = round(r.Floor[at].PerSecond/p.PerSecond), floor
		}
		if least, ok := goals[p.Name]; ok {
			r.Goals = append(r.Goals, Goal{Name: p.Name, Least: least, Got: p.PerSecond, Met: p.PerSecond >= least && p.Errors == 0})
		}
	}
}

// spend says how much CPU the requests of a phase took, the refused ones included.
func (p *Phase) spend(before, after map[string]float64, cpus int) {
	p.CPU = perRequest(before, after, p.Requests+p.Errors)
	all := 0.0
	for _, part := range p.CPU {
		all += part
	}
	if all > 0 {
		p.Room = round(1000 * float64(cpus) / all)
	}
}

func milliseconds(d time.Duration) float64 { return round(float64(d) / float64(time.Millisecond)) }

func round(f float64) float64 { return math.Round(f*100) / 100 }

func round3(f float64) float64 { return math.Round(f*1000) / 1000 }
