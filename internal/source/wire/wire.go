// Package wire is what the clients of the vendors have in common in reading an HTTP answer that is no
// success: what of it may be repeated to an admin or a log, and how long to wait.
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	longestWait  = 24 * time.Hour
	maxErrorBody = 64 << 10 // bytes
)

// What can be wrong with an answer, in words that quote nothing of it.
var (
	ErrNoJSON  = errors.New("the answer is no JSON")
	ErrTooLong = errors.New("the answer is too long")

	errExchange = errors.New("the exchange failed")
)

// ErrorBody reads the body of an answer that is no success; broken says that it broke off, so that what
// the answer means is not known.
func ErrorBody(response *http.Response) (body []byte, broken bool) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
	return body, err != nil
}

// Repeatable passes what looks like an error code, and nothing that could be a secret.
func Repeatable(code string) string {
	if regexp.MustCompile(`^[A-Za-z][A-Za-z_.]{0,63}$`).MatchString(code) {
		return code
	}
	return ""
}

// RetryAfter reads the header in both of its forms, seconds and a date: at most a day, 0 for nothing.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longestWait)
}

// Harmless keeps errors whose text comes from this machine. Any other may quote what the other side
// sent, and is replaced.
func Harmless(err error) error {
	for _, known := range []error{io.ErrUnexpectedEOF, io.EOF, context.DeadlineExceeded, ErrTooLong} {
		if errors.Is(err, known) {
			return known
		}
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok {
		return failed
	}
	if failed, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return failed
	}
	return errExchange
}
