package main

import (
	"math"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Report is what the benchmark prints.
type Report struct {
	Users int     `json:"users"`
	CPUs  int     `json:"cpus"`
	Floor Floor   `json:"floor"`
	Runs  []Run   `json:"runs"`
	Peak  float64 `json:"worker_peak_mib"` // resident, over all runs
	Goals []Goal  `json:"goals"`
}

// Floor is the time of the plain program, in seconds: each figure the best of three.
type Floor struct {
	Pages   int     `json:"pages"`
	Paging  float64 `json:"paging_seconds"` // all pages, net/http and encoding/json, one connection
	Copy    float64 `json:"copy_seconds"`   // one COPY into a table with the columns and indexes of users
	Seconds float64 `json:"seconds"`
}

// Run is one measured run.
type Run struct {
	Name          string             `json:"name"`
	Seconds       float64            `json:"seconds"` // from the request to the end of the run's workflow
	Ratio         float64            `json:"ratio"`
	RatioTo       string             `json:"ratio_to"`
	RowsPerSecond float64            `json:"rows_per_second"`
	HistoryEvents int64              `json:"history_events"`
	HistoryBytes  int64              `json:"history_bytes"`
	PeakSoFar     float64            `json:"worker_peak_mib_so_far"`
	Activities    map[string]float64 `json:"activity_seconds"` // by name, from scheduling to completion
	Counts        directory.Counts   `json:"counts"`
}

// Goal is a figure that must not be exceeded. The goals are for 100,000 people.
type Goal struct {
	Name string  `json:"name"`
	Most float64 `json:"most"`
	Got  float64 `json:"got"`
	Met  bool    `json:"met"`
}

// The runs, in order.
const (
	firstSync       = "first sync"
	unchangedResync = "resync, nothing changed"
	changedResync   = "resync, 1 % changed"
)

// compare works out the ratio of each run and whether the goals are met.
func (r *Report) compare() {
	var events, bytes int64
	for i := range r.Runs {
		run := &r.Runs[i]
		run.RowsPerSecond = math.Round(float64(r.Users) / run.Seconds)
		run.Ratio, run.RatioTo = round(run.Seconds/r.Floor.Paging), "paging"
		if run.Name == firstSync {
			run.Ratio, run.RatioTo = round(run.Seconds/r.Floor.Seconds), "paging and copy"
		}
		events, bytes = max(events, run.HistoryEvents), max(bytes, run.HistoryBytes)
		switch run.Name {
		case firstSync:
			r.goal("first sync / (paging and copy)", 3, run.Ratio)
		case unchangedResync:
			r.goal("unchanged resync / paging", 1.5, run.Ratio)
		}
	}
	r.goal("worker's peak, MiB", 256, r.Peak)
	r.goal("events of the longest history", 2000, float64(events))
	r.goal("largest history, MiB", 2, round(float64(bytes)/(1<<20)))
}

func (r *Report) goal(name string, most, got float64) {
	r.Goals = append(r.Goals, Goal{Name: name, Most: most, Got: got, Met: got <= most})
}

func round(f float64) float64 { return math.Round(f*1000) / 1000 }

func seconds(d time.Duration) float64 { return round(d.Seconds()) }
