package main

import (
	"fmt"
	"io"

	"github.com/rollcall-sync/rollcall/internal/devstack"
)

func printAddresses(out io.Writer, d devstack.Description, file string) {
	line := func(what, where string) { _, _ = fmt.Fprintf(out, "  %-24s %s\n", what, where) }
	_, _ = fmt.Fprintln(out, "\nRollcall is up:")
	line("API", d.Starter+"/v1  (docs: "+d.Starter+"/docs)")
	line("Temporal Web UI", d.TemporalUI)
	line("Temporal", d.Temporal+", namespace "+d.Namespace)
	line("Mailbox", d.Mailbox)
	line("Simulated Entra tenant", d.Simulators.Entra+"/_sim/directory")
	line("Simulated Google tenant", d.Simulators.Google+"/_sim/directory")
	line("Database", d.Database)
	for _, account := range d.Accounts {
		_, _ = fmt.Fprintf(out, "\nAccount %q (%s)\n", account.Name, account.ID)
		line("API token", account.Token)
		if account.SCIM != nil {
			line("SCIM base URL", account.SCIM.BaseURL)
			line("SCIM token", account.SCIM.Token)
		}
		if account.ConfigurationID != "" {
			line("Configuration", account.ConfigurationID)
			line("Sync now", fmt.Sprintf("curl -X POST -H 'Authorization: Bearer %s' %s/v1/configurations/%s/sync", account.Token, d.Starter, account.ConfigurationID))
		}
	}
	_, _ = fmt.Fprintf(out, "\nAll of this is in %s. Ctrl-C stops it; the next start finds all data again.\n", file)
}
