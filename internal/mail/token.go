package mail

import (
	"encoding/base64"
	"strings"

	"github.com/google/uuid"

	"github.com/rollcall-sync/rollcall/internal/directory"
	"github.com/rollcall-sync/rollcall/internal/secret"
)

const purposeInvitation = "invitation"

// InvitationToken is the token of an invitation's link: the invitation's id, signed. Nothing of it
// needs to be kept.
func InvitationToken(keys *secret.Keyring, invitationID string) (string, error) {
	id, err := uuid.Parse(invitationID)
	if err != nil {
		return "", err
	}
	keyID, mac := keys.MAC(purposeInvitation, id[:])
	return keyID + "." + base64.RawURLEncoding.EncodeToString(append(id[:], mac...)), nil
}

// ParseInvitationToken returns the id of the invitation that the token was made for. A token that
// Rollcall did not make is a directory.KindNotFound error.
func ParseInvitationToken(keys *secret.Keyring, token string) (string, error) {
	keyID, encoded, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || len(raw) <= 16 || !keys.VerifyMAC(purposeInvitation, raw[:16], keyID, raw[16:]) {
		return "", &directory.Error{
			Kind: directory.KindNotFound, Code: "invitation_unknown",
			Message: "This invitation link is not valid. Open the link from the newest invitation mail, or ask your admin for a new one.",
		}
	}
	return uuid.UUID(raw[:16]).String(), nil
}
