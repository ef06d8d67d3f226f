package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	protocol "github.com/rollcall-sync/rollcall/internal/scim"
	"github.com/rollcall-sync/rollcall/internal/scim/filter"
	"github.com/rollcall-sync/rollcall/internal/scim/schema"
	"github.com/rollcall-sync/rollcall/internal/store/scimquery"
)

// How many resources a page has.
const (
	defaultPage = 100
	maxPage     = 500
)

// query is what a list is asked for, RFC 7644, section 3.4.2, and RFC 9865.
type query struct {
	Filter             string   `json:"filter"`
	SortBy             string   `json:"sortBy"`
	SortOrder          string   `json:"sortOrder"`
	StartIndex         *int     `json:"startIndex"`
	Count              *int     `json:"count"`
	Cursor             *string  `json:"cursor"` // nil: pages by index
	Attributes         []string `json:"attributes"`
	ExcludedAttributes []string `json:"excludedAttributes"`
}

// queryOf reads the parameters of a GET. Those that nobody knows are left alone.
func queryOf(values url.Values) (query, error) {
	q := query{
		Filter: values.Get("filter"), SortBy: values.Get("sortBy"), SortOrder: values.Get("sortOrder"),
		Attributes: values["attributes"], ExcludedAttributes: values["excludedAttributes"],
	}
	if values.Has("cursor") {
		cursor := values.Get("cursor")
		q.Cursor = &cursor
	}
	var err error
	if q.StartIndex, err = number(values, "startIndex", protocol.InvalidValue); err != nil {
		return q, err
	}
	countType := protocol.InvalidValue
	if q.Cursor != nil {
		countType = invalidCount
	}
	if q.Count, err = number(values, "count", countType); err != nil {
		return q, err
	}
	return q, q.tidy()
}

// number is a parameter that is a whole number; nil when it is not there. One that is too large for
// Go is as large as can be.
func number(values url.Values, name, scimType string) (*int, error) {
	text := values.Get(name)
	if text == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, invalid(scimType, name+" must be a whole number.")
	}
	return &n, nil
}

// searchOf reads the body of a search, RFC 7644, section 3.4.3.
func searchOf(body []byte) (query, error) {
	var q query
	err := json.Unmarshal(body, &q)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return q, invalid(protocol.InvalidValue, "In the search, "+wrong.Field+" cannot be of the type "+wrong.Value+".")
	case err != nil:
		return q, invalid(protocol.InvalidSyntax, "The body is no JSON object. Send a SearchRequest.")
	}
	return q, q.tidy()
}

// tidy checks the query and brings its numbers into their ranges.
func (q *query) tidy() error {
	if q.SortOrder != "" && !q.descending() && !strings.EqualFold(q.SortOrder, "ascending") {
		return invalid(protocol.InvalidValue, "sortOrder must be ascending or descending.")
	}
	if q.Cursor != nil && q.StartIndex != nil {
		return invalid(protocol.InvalidValue, "A request has either a cursor or a startIndex. Leave one out.")
	}
	start, count := 1, defaultPage
	if q.StartIndex != nil {
		start = max(*q.StartIndex, 1)
	}
	if q.Count != nil {
		count = min(max(*q.Count, 0), maxPage)
	}
	q.StartIndex, q.Count = &start, &count
	return nil
}

func (q query) descending() bool { return strings.EqualFold(q.SortOrder, "descending") }

// selected is what a list has of one type: which resources, and which of their attributes.
type selected struct {
	query scimquery.Query
	shown protocol.Selection
}

// of is the query for the resources of a type. Across types, one that lacks an attribute has no value
// of it, RFC 7644, section 3.4.2.1.
func (q query) of(t *schema.ResourceType, across bool) (selected, error) {
	shown, err := protocol.ParseSelection(t, q.Attributes, q.ExcludedAttributes)
	if err != nil {
		return selected{}, err
	}
	parse := filter.Parse
	if across {
		parse = filter.ParseAcross
	}
	var wanted filter.Expression
	if q.Filter != "" {
		if wanted, err = parse(t, q.Filter); err != nil {
			return selected{}, err
		}
	}
	var sortBy *filter.Path
	if q.SortBy != "" {
		by, err := filter.ParsePath(t, q.SortBy)
		switch {
		case err == nil && by.Filter == nil:
			sortBy = &by
		case err == nil:
			return selected{}, invalid(protocol.InvalidPath, "sortBy must name an attribute, without a filter.")
		case !across:
			return selected{}, fmt.Errorf("read sortBy: %w", err)
		}
	}
	made, err := scimquery.New(t, wanted, sortBy, q.descending())
	return selected{made, shown}, err
}
