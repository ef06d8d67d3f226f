// Package history holds the test that drives a whole account through random histories: people and
// groups of its directory come, change and go, an admin edits the settings and acts on users, the
// directory fails, and the worker dies in the middle of runs. After each run the account must be what
// a simple model of it says.
//
// Each history is printed step by step when it fails. More of them, or other ones, are run with the
// flags of rapid: -rapid.checks=50 for each provider, -rapid.seed=0 for ones never seen before.
package history
