package reconcile

import "github.com/rollcall-sync/rollcall/internal/directory"

// CodeChangedSince is the code of what was edited since the run that is undone, and is left alone. It
// reaches the sync log and the API: do not rename.
const CodeChangedSince = "changed_since"

// Applied is what a run did to one user.
type Applied struct {
	Changes []directory.Change // applied ones of the user, in the order in which they were applied
	User    *directory.User    // the user at present; nil: gone for good
}

// Revert decides how what a run did to a user is undone.
func Revert(a Applied) Decision { return Decision{} }
