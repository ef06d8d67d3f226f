package directory

import (
	"fmt"
	"strings"
	"time"
)

// Schedule is a weekly wall-clock time in a time zone. The zone is kept by name, so that the
// wall-clock time and the weekday stay the same all year, whatever the offset does.
type Schedule struct {
	Weekday  string `json:"weekday" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday"`
	Time     string `json:"time" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"HH:MM, 24 hours."`
	TimeZone string `json:"time_zone" doc:"IANA name, for example Europe/Berlin."`
}

// String says the schedule in words: "Monday 02:00 Europe/Berlin".
func (s Schedule) String() string {
	day := s.Weekday
	if day != "" {
		day = strings.ToUpper(day[:1]) + day[1:]
	}
	return fmt.Sprintf("%s %s %s", day, s.Time, s.TimeZone)
}

// Validate reports the parts that are wrong, by field name.
func (s Schedule) Validate() []FieldError {
	var errs []FieldError
	if _, ok := weekdays()[s.Weekday]; !ok {
		errs = append(errs, FieldError{Field: "schedule.weekday", Message: fmt.Sprintf("%q is not a weekday; use monday to sunday.", s.Weekday)})
	}
	if _, err := time.Parse("15:04", s.Time); err != nil || len(s.Time) != 5 {
		errs = append(errs, FieldError{Field: "schedule.time", Message: fmt.Sprintf("%q is not a time of day; use HH:MM, for example 02:00.", s.Time)})
	}
	if !ValidTimeZone(s.TimeZone) {
		errs = append(errs, FieldError{Field: "schedule.time_zone", Message: fmt.Sprintf("%q is not a time zone; use an IANA name, for example Europe/Berlin.", s.TimeZone)})
	}
	return errs
}

// ValidTimeZone says whether name is an IANA time zone. "Local" is none: it would mean
// something else on every machine.
func ValidTimeZone(name string) bool {
	if name == "" || name == "Local" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// Next is the first instant of the schedule after the given one. A wall-clock time that a
// spring change skips runs as much later as the clock was moved; one that occurs twice in
// autumn runs at its first occurrence only.
func (s Schedule) Next(after time.Time) (time.Time, error) {
	if errs := s.Validate(); len(errs) > 0 {
		return time.Time{}, Invalid("schedule_invalid", errs[0].Message, errs...)
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return time.Time{}, fmt.Errorf("load time zone %s: %w", s.TimeZone, err)
	}
	clock, err := time.Parse("15:04", s.Time)
	if err != nil {
		return time.Time{}, fmt.Errorf("parse time of day: %w", err)
	}
	local := after.In(zone)
	days := (int(weekdays()[s.Weekday]) - int(local.Weekday()) + 7) % 7
	for {
		at := wallClock(local.Year(), local.Month(), local.Day()+days, clock, zone)
		if at.After(after) {
			return at.UTC(), nil
		}
		days += 7
	}
}

// wallClock is time.Date with the two odd hours of a year settled: Date leaves open which of
// its two offsets it takes, so the earlier of two occurrences is looked for by hand.
func wallClock(year int, month time.Month, day int, clock time.Time, zone *time.Location) time.Time {
	at := time.Date(year, month, day, clock.Hour(), clock.Minute(), 0, 0, zone)
	_, before := at.Add(-12 * time.Hour).Zone()
	first := time.Date(year, month, day, clock.Hour(), clock.Minute(), 0, 0, time.UTC).Add(-time.Duration(before) * time.Second).In(zone)
	if first.Hour() == at.Hour() && first.Minute() == at.Minute() && first.Before(at) {
		return first
	}
	if at.Hour() != clock.Hour() || at.Minute() != clock.Minute() {
		return first
	}
	return at
}

func weekdays() map[string]time.Weekday {
	return map[string]time.Weekday{
		"sunday": time.Sunday, "monday": time.Monday, "tuesday": time.Tuesday, "wednesday": time.Wednesday,
		"thursday": time.Thursday, "friday": time.Friday, "saturday": time.Saturday,
	}
}
