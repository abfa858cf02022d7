package store

import (
	"context"
	"time"

	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/member"
	"github.com/callisto-tel/callisto/business/payment"
)

func (t memberTx) AccountCredentials(ctx context.Context, account string) ([]member.Credential, error) {
	var out []member.Credential
	rows, err := t.q.QueryContext(ctx, credentialQuery+` AND m.account = $1`, account)
	err = credentials(rows, err, func(c member.Credential) error { out = append(out, c); return nil })
	return out, err
}

// EraseAccount forgets whose an account was. Orders, postings and call records
// go on naming its id, which by then says nothing.
func (t memberTx) EraseAccount(ctx context.Context, account string, when time.Time) error {
	for _, s := range []struct {
		text string
		args []any
	}{
		{`UPDATE transfer SET email = 'erased', state = CASE state WHEN 'offered' THEN 'withdrawn' ELSE state END
			WHERE giver = $1 OR email = (SELECT email FROM account WHERE id = $1)`, []any{account}},
		{`UPDATE letter SET address = 'erased', fields = '{}', due = 0 WHERE account = $1 OR address = (SELECT email FROM account WHERE id = $1)`, []any{account}},
		{`UPDATE account SET email = 'erased:' || id, password = '', name = 'Erased', country = '', language = '', languages = '[]', time_zone = '', company = '',
			tax_id = '', address = '', confirmed = 0, barred_why = '', erased = $2 WHERE id = $1 AND erased = 0`, []any{account, us(when)}},
		{`UPDATE account_event SET text = '' WHERE account = $1`, []any{account}},
		{`DELETE FROM wallet_watch WHERE account = $1`, []any{account}},
		{`INSERT INTO outbox (topic, ref, created) SELECT '` + payment.TopicForget + `', customer, CAST($2 AS BIGINT) FROM auto_top_up WHERE account = $1 AND customer <> '' ON CONFLICT DO NOTHING`, []any{account, us(when)}},
		{`UPDATE auto_charge SET state = 'dropped', error = '' WHERE account = $1 AND state = 'waiting'`, []any{account}},
		{`DELETE FROM auto_top_up WHERE account = $1`, []any{account}},
		{`UPDATE wallet_terms SET suspended = '' WHERE account = $1`, []any{account}},
		{`UPDATE allowance SET renews = 0, quiet = 1 WHERE account = $1`, []any{account}},
		{`DELETE FROM session WHERE account = $1`, []any{account}},
		{`UPDATE api_key SET revoked = $2, name = '' WHERE account = $1 AND revoked = 0`, []any{account, us(when)}},
		{`DELETE FROM account_token WHERE account = $1`, []any{account}},
		{`DELETE FROM passkey WHERE account = $1`, []any{account}},
		{`DELETE FROM passkey_question WHERE account = $1`, []any{account}},
		{`UPDATE device SET revoked = $2 WHERE revoked = 0 AND membership IN (SELECT id FROM membership WHERE account = $1)`, []any{account, us(when)}},
		{`UPDATE device SET name = '' WHERE membership IN (SELECT id FROM membership WHERE account = $1)`, []any{account}},
		{`UPDATE membership SET contact_pstn = '', identification = 'erased', other_voip = '[]', proved = '[]', name = 'Erased', home_country = '', languages = '[]',
			email = '', time_zone = '', offices = '[]', forwarding = '{}', caller_id = '', published = '', unlisted = 0 WHERE account = $1`, []any{account}},
		{`DELETE FROM document WHERE account = $1`, []any{account}},
		{`DELETE FROM proof WHERE account = $1`, []any{account}},
		{`DELETE FROM held_name WHERE account = $1`, []any{account}},
		{`UPDATE card SET state = 'revoked', revoked = $2, revoked_by = 'holder' WHERE account = $1 AND state <> 'revoked'`, []any{account, us(when)}},
		{`UPDATE card SET postal = '' WHERE account = $1`, []any{account}},
		{`DELETE FROM card_sign_in WHERE account = $1`, []any{account}},
		{`DELETE FROM setup_link WHERE account = $1`, []any{account}},
		{`DELETE FROM card_choice WHERE membership IN (SELECT id FROM membership WHERE account = $1)`, []any{account}},
		{`DELETE FROM pin WHERE account = $1`, []any{account}},
		{`DELETE FROM access_setting WHERE account = $1`, []any{account}},
		{`DELETE FROM short_number WHERE account = $1`, []any{account}},
		{`DELETE FROM contact WHERE account = $1`, []any{account}},
		{`DELETE FROM push_browser WHERE account = $1`, []any{account}},
		{`DELETE FROM missed_push WHERE account = $1`, []any{account}},
		{`DELETE FROM missed_call WHERE account = $1`, []any{account}},
		{`DELETE FROM missed_letter WHERE account = $1`, []any{account}},
		{`DELETE FROM missed_seen WHERE account = $1`, []any{account}},
		{`DELETE FROM missed_heard WHERE account = $1`, []any{account}},
		{`DELETE FROM missed_choice WHERE membership IN (SELECT id FROM membership WHERE account = $1)`, []any{account}},
		{`DELETE FROM guard_open WHERE account = $1`, []any{account}},
		{`DELETE FROM guard_account WHERE account = $1`, []any{account}},
		{`DELETE FROM guard_block WHERE account = $1`, []any{account}},
		{`UPDATE did SET state = 'resting', until = $2, told = 0 WHERE account = $1 AND state IN ('renting', 'rented', 'late')`, []any{account, us(when.Add(did.RestFor))}},
	} {
		if _, err := t.q.ExecContext(ctx, s.text, s.args...); err != nil {
			return err
		}
	}
	return nil
}
