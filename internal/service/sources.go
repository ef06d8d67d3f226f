// Package service holds what worker and starter have in common.
package service

import (
	"github.com/rollcall-sync/rollcall/internal/config"
	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/source"
	"github.com/rollcall-sync/rollcall/internal/source/graph"
)

// Sources are the directories that can be read.
func Sources(c config.Common) map[directory.Provider]source.Opener {
	return map[directory.Provider]source.Opener{
		directory.Entra: graph.New(graph.Options{
			ClientID: c.Entra.ClientID, ClientSecret: string(c.Entra.ClientSecret),
			LoginURL: c.Entra.LoginURL, GraphURL: c.Entra.GraphURL, RootCAs: c.RootCAs,
		}),
	}
}
