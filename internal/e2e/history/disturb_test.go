package history

import (
	"encoding/json"
	"maps"
	"slices"
	"syscall"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-sync/rollcall/internal/directory"
)

// trouble is what comes between a run and its directory.
type trouble struct {
	disturbance
	say    string
	faults []object
	// mayFail: a run may end as a failure, and must when it needs what cannot be read.
	mayFail bool
	// stops: nothing can be read, so that the run is stopped by disabling the configuration.
	stops bool
	// kill is the signal that ends the worker as soon as the run has come to a stage.
	kill  syscall.Signal
	stage directory.Stage
}

// trouble draws what happens to the next run. Most often nothing does.
func (w *world) trouble(v vendor) trouble {
	kinds := []string{"", "", "", "passing", "passing", "refused", "group", "list", "stopped", "crash", "crash"}
	switch kinds[w.any("trouble", len(kinds))] {
	case "passing":
		return w.passing(v)
	case "refused":
		where := rapid.SampledFrom([]string{v.users, v.oneUser, v.groups}).Draw(w.T, "refused")
		return trouble{say: "the directory refuses " + where, faults: []object{{"path": where, "status": 403}}, mayFail: true}
	case "group":
		return w.groupRefused(v)
	case "list":
		return w.shortList(v)
	case "stopped":
		return trouble{say: "nothing can be read, and the configuration is disabled", faults: []object{{"path": ".", "status": 503}}, stops: true}
	case "crash":
		return w.crash()
	}
	return quiet()
}

func quiet() trouble { return trouble{say: "nothing disturbs it"} }

// passing is a fault that goes by: the run must come to what it would have come to without it.
func (w *world) passing(v vendor) trouble {
	where := rapid.SampledFrom([]string{v.users, v.oneUser, "/groups", "/delta", "."}).Draw(w.T, "where")
	fault := rapid.SampledFrom([]object{
		{"status": 429, "headers": object{"Retry-After": "1"}}, {"status": 503}, {"drop": true}, {"truncate_after": 20},
	}).Draw(w.T, "fault")
	fault = maps.Clone(fault)
	fault["path"], fault["times"] = where, 1
	encoded, err := json.Marshal(fault)
	require.NoError(w, err)
	return trouble{say: "a fault that passes: " + string(encoded), faults: []object{fault}}
}

// groupRefused is a group whose members may not be read.
func (w *world) groupRefused(v vendor) trouble {
	id, found := w.one("group", slices.Sorted(maps.Keys(w.roster.Groups)))
	if !found {
		return quiet()
	}
	t := trouble{say: "the directory refuses the group " + id, faults: []object{{"path": v.oneGroup + id, "status": 403}}}
	t.unreadable = map[string]bool{id: true}
	return t
}

// shortList is a list of users that lacks some. Entra says how many there should be: right, which
// is a failure, or just as wrong. Google does not say it.
func (w *world) shortList(v vendor) trouble {
	ids := slices.Sorted(maps.Keys(w.roster.People))
	hidden := w.some("hidden", ids[1:], 0)
	t := trouble{say: "the list of users lacks " + join(hidden)}
	t.hidden = map[string]bool{}
	var listed []object
	for _, id := range ids {
		if slices.Contains(hidden, id) {
			t.hidden[id] = true
		} else {
			listed = append(listed, v.written(w.roster.People[id]))
		}
	}
	body, err := json.Marshal(v.page(listed))
	require.NoError(w, err)
	t.faults = []object{{"path": v.users, "body": string(body)}}
	switch {
	case v.provider != directory.Entra:
	case len(hidden) > 0 && w.maybe("counted"):
		t.say, t.mayFail = t.say+", and their number is told", true
	default:
		number, err := json.Marshal(len(listed))
		require.NoError(w, err)
		t.faults = append(t.faults, object{"path": `^/v1\.0/users/\$count`, "body": string(number)})
	}
	return t
}

func join(ids []string) string {
	encoded, _ := json.Marshal(ids) // texts can always be encoded
	return string(encoded)
}

func (w *world) crash() trouble {
	t := trouble{
		kill: rapid.SampledFrom([]syscall.Signal{syscall.SIGTERM, syscall.SIGTERM, syscall.SIGTERM, syscall.SIGKILL}).Draw(w.T, "signal"),
		stage: rapid.SampledFrom([]directory.Stage{
			directory.StageGroups, directory.StageFetch, directory.StageVerify, directory.StagePlan, directory.StageProvision,
			directory.StageDeprovision, directory.StageMemberships, directory.StageNotify,
		}).Draw(w.T, "stage"),
	}
	t.say = "the worker is ended (" + t.kill.String() + ") at the stage " + string(t.stage)
	return t
}
