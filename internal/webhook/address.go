package webhook

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"
)

const maxURL = 2000 // characters

// CheckURL says, to whoever chose it, why messages cannot be sent to a URL; nothing when they can. With
// private, addresses of the own network are possible, and so is http. A name is looked up only when
// something is sent to it.
func CheckURL(text string, private bool) string {
	if n := utf8.RuneCountInString(text); n > maxURL {
		return fmt.Sprintf("The URL has %d characters; %d are possible.", n, maxURL)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || !validPort(u.Port()):
		return "This is no URL of a receiver; use one like https://example.com/rollcall."
	case u.Scheme != "https" && (u.Scheme != "http" || !private):
		return "The URL must begin with https://."
	case u.User != nil:
		return "The URL must hold no user name and no password; messages are signed."
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && !private && !Public(address) {
		return "The address is not one of the public internet; messages are sent to nothing else."
	}
	return ""
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// Public says whether an address belongs to the public internet: whether it is none of those that
// IANA's registries of special-purpose addresses (RFC 6890) keep for something else, nor the one at
// which Azure serves each machine (168.63.129.16), whichever form of IPv6 an IPv4 address is written in.
func Public(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if address.Is6() && !unicast6.Contains(address) {
		return false
	}
	return address.IsValid() && !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(address) })
}

var (
	// unicast6 is all that has been given out of IPv6. Loopback, private, link-local and multicast
	// addresses are outside of it, and so is NAT64 (RFC 6052), which reaches any IPv4 address.
	unicast6 = netip.MustParsePrefix("2000::/3")

	special = prefixes(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	)
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}
