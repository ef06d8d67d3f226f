// Package e2e holds the end-to-end tests: each row of the specification that can be seen from
// outside, against the real services, database, workflows, mail and a simulated tenant.
package e2e
