package scim

import (
	"net/http"
	"strconv"
	"strings"

	protocol "github.com/rollcall-sync/rollcall/internal/scim"
)

// tagOf is the entity tag of a version, RFC 7644, section 3.14. It is weak: answers differ by the
// attributes that were asked for.
func tagOf(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// condition is under which version of a resource a request is meant, RFC 9110, section 13.1. Each is
// a list of entity tags or *, and empty where the request does not say.
type condition struct {
	match     string
	noneMatch string
}

func conditionOf(h http.Header) condition {
	return condition{match: strings.Join(h.Values("If-Match"), ","), noneMatch: strings.Join(h.Values("If-None-Match"), ",")}
}

// check is the error of a change to a resource that is of another version than the client thinks.
func (c condition) check(version int64) error {
	if c.match != "" && !hasTag(c.match, version) || c.noneMatch != "" && hasTag(c.noneMatch, version) {
		return &protocol.Error{Status: http.StatusPreconditionFailed, Detail: "The resource is of another version by now. Read it again, then repeat the change."}
	}
	return nil
}

// unchanged says whether the client has this version already.
func (c condition) unchanged(version int64) bool {
	return c.noneMatch != "" && hasTag(c.noneMatch, version)
}

// hasTag says whether a list of entity tags has that of the version. Tags are compared weakly, and
// need no quotes.
func hasTag(tags string, version int64) bool {
	for tag := range strings.SplitSeq(tags, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			return true
		}
		if len(tag) > 2 && strings.EqualFold(tag[:2], "W/") {
			tag = tag[2:]
		}
		if strings.Trim(tag, `"`) == strconv.FormatInt(version, 10) {
			return true
		}
	}
	return false
}
