package node

import (
	"context"

	"github.com/callisto-tel/callisto/business/carrier"
	"github.com/callisto-tel/callisto/business/did"
	"github.com/callisto-tel/callisto/business/fault"
	"github.com/callisto-tel/callisto/business/member"
)

// carrierInUse says what a carrier that is to be removed is still needed for: telephone
// numbers that it brings, those of members and those the house answers at itself, or a country that was opened with it and has no other.
func (n *Node) carrierInUse(ctx context.Context, c carrier.Carrier) error {
	brought, err := n.dids.Stock(ctx, member.System(), did.Filter{Carrier: c.ID, Limit: 1})
	if err != nil {
		return err
	}
	if len(brought) > 0 {
		return fault.New(fault.Conflict, "carrier_brings_numbers", "%s brings telephone numbers that are in stock. Enter them for another carrier or take them out, then remove it.", c.Name)
	}
	for _, x := range n.access.Numbers() {
		if x.Carrier == c.ID {
			return fault.New(fault.Conflict, "carrier_brings_access", "%s brings the access number %s, at which members come in. Choose another carrier for it or remove it under “Access numbers”, then remove the carrier.", c.Name, x.E164)
		}
	}
	opened, err := n.store.Openings().Openings(ctx)
	if err != nil {
		return err
	}
	all, err := n.carriers.Carriers(ctx, member.System())
	if err != nil {
		return err
	}
	for _, o := range opened {
		calls, emergencies := false, false // leave by another
		for i := range all {
			if x := &all[i]; x.ID != c.ID && x.Center == o.Center().ID && x.Open() {
				calls, emergencies = calls || x.Kind == carrier.PSTN, emergencies || x.Emergency
			}
		}
		switch {
		case !o.Open() && (o.Carrier == c.ID || o.Emergency == c.ID):
			return fault.New(fault.Conflict, "carrier_of_opening", "%s is being opened with %s. Choose another carrier there first.", o.Name, c.Name)
		case o.Emergency == c.ID && !emergencies:
			return fault.New(fault.Conflict, "carrier_of_emergencies", "Emergency calls of %s leave by %s, and no other carrier there takes them. Add one that does first.", o.Name, c.Name)
		case o.Carrier == c.ID && !calls:
			return fault.New(fault.Conflict, "carrier_of_country", "Calls of %s leave by %s, and there is no other carrier for them. Add one first.", o.Name, c.Name)
		}
	}
	return nil
}
