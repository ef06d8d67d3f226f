package store

import (
	"fmt"
	"strings"
)

// query is a statement under construction; each ? in what is added becomes the next parameter.
type query struct {
	text string
	args []any
}

func (q *query) add(text string, args ...any) {
	for _, arg := range args {
		q.args = append(q.args, arg)
		text = strings.Replace(text, "?", fmt.Sprintf("$%d", len(q.args)), 1)
	}
	q.text += text
}

func (q *query) and(condition string, args ...any) { q.add(" AND "+condition, args...) }
