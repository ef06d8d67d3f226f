package main

import (
	"math"
	"time"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// Report is what the benchmark prints.
type Report struct {
	size
	CPUs  int     `json:"cpus"`
	Floor Floor   `json:"floor"`
	Runs  []Run   `json:"runs"`
	Peak  float64 `json:"worker_peak_mib"` // resident, over all runs
	Goals []Goal  `json:"goals"`
}

// Floor is the time of the plain program, in seconds: each figure the best of three.
type Floor struct {
	Pages       int     `json:"pages"`
	Paging      float64 `json:"paging_seconds"` // all pages of people, net/http and encoding/json, one connection
	Copy        float64 `json:"copy_seconds"`   // one COPY into a table with the columns and indexes of users
	GroupPages  int     `json:"group_pages"`
	GroupPaging float64 `json:"group_paging_seconds"` // all pages of groups and of the members of each
	GroupCopy   float64 `json:"group_copy_seconds"`   // one COPY each into tables like groups and memberships
}

// reading is the least that it takes to read the directory.
func (f Floor) reading() float64 { return f.Paging + f.GroupPaging }

// all is the least that it takes to read the directory and to write it.
func (f Floor) all() float64 { return f.reading() + f.Copy + f.GroupCopy }

// Run is one measured run.
type Run struct {
	Name          string             `json:"name"`
	Mode          directory.RunMode  `json:"mode"`
	Seconds       float64            `json:"seconds"` // from the request to the end of the run's workflow
	Ratio         float64            `json:"ratio"`
	RatioTo       string             `json:"ratio_to"`
	RowsPerSecond float64            `json:"rows_per_second"`
	HistoryEvents int64              `json:"history_events"`
	HistoryBytes  int64              `json:"history_bytes"`
	PeakSoFar     float64            `json:"worker_peak_mib_so_far"`
	Groups        *GroupWork         `json:"groups,omitempty"`
	Activities    map[string]float64 `json:"activity_seconds"` // by name, from scheduling to completion
	Counts        directory.Counts   `json:"counts"`
}

// GroupWork is what a run spent on groups and memberships. Planning is that of people too.
type GroupWork struct {
	Reading       float64 `json:"reading_seconds"`
	ReadingRatio  float64 `json:"reading_ratio"` // to the floor's group paging
	Planning      float64 `json:"planning_seconds"`
	Applying      float64 `json:"applying_seconds"`
	ApplyingRatio float64 `json:"applying_ratio,omitempty"` // to the floor's group copy, where all were written
}

// Goal is a figure that must not be exceeded. The goals are for 100,000 people.
type Goal struct {
	Name string  `json:"name"`
	Most float64 `json:"most"`
	Got  float64 `json:"got"`
	Met  bool    `json:"met"`
}

// The runs, in order. A full one reads everybody, an incremental one who changed.
const (
	firstSync          = "first sync"
	unchangedResync    = "full resync, nothing changed"
	changedResync      = "full resync, 1 % changed"
	unchangedIncrement = "incremental resync, nothing changed"
	changedIncrement   = "incremental resync, 1 % changed"
)

// compare works out the ratio of each run and whether the goals are met.
func (r *Report) compare() {
	var events, bytes int64
	for i := range r.Runs {
		run := &r.Runs[i]
		run.RowsPerSecond = math.Round(float64(r.Users) / run.Seconds)
		run.Ratio, run.RatioTo = ratio(run.Seconds, r.Floor.reading()), "paging"
		if run.Name == firstSync {
			run.Ratio, run.RatioTo = ratio(run.Seconds, r.Floor.all()), "paging and copy"
		}
		if r.size.Groups > 0 {
			run.Groups = r.groupWork(run)
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

func (r *Report) groupWork(run *Run) *GroupWork {
	took := run.Activities
	work := &GroupWork{
		Reading:  round(took["ListGroups"] + took["FetchMembers"]),
		Planning: took["PlanRun"],
		Applying: round(took[applyMemberships] + took["ParkMembers"]),
	}
	work.ReadingRatio = ratio(work.Reading, r.Floor.GroupPaging)
	if run.Name == firstSync {
		work.ApplyingRatio = ratio(work.Applying, r.Floor.GroupCopy)
	}
	return work
}

func (r *Report) goal(name string, most, got float64) {
	r.Goals = append(r.Goals, Goal{Name: name, Most: most, Got: got, Met: got <= most})
}

// ratio of two times, of which the second is a millisecond at least.
func ratio(took, floor float64) float64 { return round(took / max(floor, 0.001)) }

func round(f float64) float64 { return math.Round(f*1000) / 1000 }

func seconds(d time.Duration) float64 { return round(d.Seconds()) }
