package reconcile

import "github.com/rollcall-sync/rollcall/internal/directory"

// minimumForPercentage is the number of removals from which the share of the users counts: in a
// small account one leaver is a large share and no accident.
const minimumForPercentage = 5

// Exceeds says whether removals must wait for an admin's approval: more than the guard's number,
// or at least five and more than its share of the linked users. Callers add the removals of the
// guard's window, which nobody approved, to both numbers: those people were linked and in when the
// window began, and a slow leak counts like a burst.
func Exceeds(g directory.Guard, removals, linked int) bool {
	if removals > g.MaxRemovals {
		return true
	}
	return removals >= minimumForPercentage && removals*100 > g.MaxRemovalPercent*linked
}
